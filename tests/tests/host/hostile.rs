//! One test a misbehaviour, and what each must end in.

use std::sync::OnceLock;

use linli_tests::{Answer, Host, Person};

fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| {
        // So many faults belong to these tests that their plugin would be kept off.
        let host = Host::limited("faults = 1000\n");
        host.with_guests(&["hostile"]);
        host
    })
}

/// What a well-behaved plugin does beside a hostile one: it answers.
fn neighbour_answers(host: &Host) {
    host.person("worker").get("/plugins/civil-affairs.elder-allowance/pages/eligible").expect(200);
}

fn worker() -> Person {
    host().person("worker")
}

fn open(page: &str) -> Answer {
    let answer = worker().get(&format!("/plugins/tests.hostile/pages/{page}"));
    neighbour_answers(host());
    answer
}

/// The lines of the plugin's own log, once one of them holds a text. They are written behind the answer.
fn log_with(text: &str) -> Vec<String> {
    let admin = host().person("admin");
    for _ in 0..200 {
        let answer = admin.get("/plugins/tests.hostile/log?limit=1000").expect(200);
        let lines: Vec<String> = answer.list("/lines").iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect();
        if lines.iter().any(|line| line.contains(text)) {
            return lines;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("the plugin's log never said {text:?}");
}

#[test]
fn an_endless_loop_is_ended_while_its_neighbours_go_on_answering() {
    let worker = worker();
    std::thread::scope(|scope| {
        let looping = scope.spawn(|| open("loop"));
        let mut answered = 0;
        while !looping.is_finished() {
            worker.get("/plugins/civil-affairs.elder-allowance/pages/eligible").expect(200);
            answered += 1;
        }
        assert!(answered > 0);
        looping.join().unwrap().refused(502, "plugin-timeout");
    });
}

#[test]
fn a_loop_of_host_calls_is_ended() {
    open("host-loop").refused(502, "plugin-timeout");
}

#[test]
fn a_plugin_that_takes_all_memory_is_ended() {
    open("memory").refused(502, "plugin-out-of-memory");
}

#[test]
fn recursion_without_end_is_a_crash() {
    open("recursion").refused(502, "plugin-crashed");
}

#[test]
fn an_answer_of_16_mebibytes_is_too_large() {
    open("output").refused(502, "plugin-output-too-large");
}

#[test]
fn a_panic_is_a_crash_whose_message_is_in_the_plugins_log_only() {
    let answer = open("panic").refused(502, "plugin-crashed");
    assert!(!answer.json.to_string().contains("hostile panic"));
    log_with("hostile panic");
}

#[test]
fn a_flood_of_log_lines_is_cut_and_the_cut_is_said() {
    open("log-flood").expect(200);
    let lines = log_with("was cut off");
    let flood: usize = lines.iter().filter(|line| line.starts_with("flood")).map(String::len).sum();
    assert!(flood <= 64 << 10, "{flood} bytes were kept");
}

#[test]
fn more_random_bytes_than_the_contract_gives_are_refused() {
    let answer = open("random");
    assert!(answer.status >= 400 && answer.text("/title") != "got through", "{}", answer.json);
}

#[test]
fn rows_calls_and_cursors_end_at_their_limit() {
    for page in ["rows", "calls", "cursors"] {
        let answer = open(page).refused(429, "limit");
        assert!(answer.detail().contains("at most"), "{page}: {}", answer.detail());
    }
}

#[test]
fn a_field_outside_the_grant_is_denied_by_name_in_select_filter_and_sort() {
    for page in ["denied-select", "denied-filter", "denied-sort"] {
        let answer = open(page).refused(403, "denied");
        assert!(answer.detail().contains("`phone`") && answer.detail().contains("plugin.toml"), "{page}: {}", answer.detail());
    }
}

#[test]
fn a_masked_field_can_be_neither_filtered_nor_sorted_by() {
    for page in ["masked-filter", "masked-sort"] {
        let answer = open(page).refused(403, "denied");
        assert!(answer.detail().contains("`id_number`") && answer.detail().contains("masked"), "{page}: {}", answer.detail());
    }
}

#[test]
fn an_entity_and_a_check_outside_the_grant_are_denied_by_name() {
    for (page, named) in [("denied-entity", "`household`"), ("denied-check", "age >= 80")] {
        let answer = open(page).refused(403, "denied");
        assert!(answer.detail().contains(named), "{page}: {}", answer.detail());
    }
}

#[test]
fn a_write_under_a_grant_that_only_reads_makes_no_record() {
    let names = || worker().get("/records/resident?fields=name&filter=name:eq:forged").expect(200).list("/records").len();
    // The guest leaves required fields out too; which of the two is said first is not this test's matter.
    assert!(matches!(open("denied-write").status, 403 | 422));
    assert_eq!(names(), 0);
}

#[test]
fn a_forged_id_is_not_found() {
    open("forged-id").refused(404, "not-found");
}

#[test]
fn another_plugins_token_is_not_found() {
    let eligible = worker().get("/plugins/civil-affairs.elder-allowance/pages/eligible").expect(200);
    let token = eligible.text("/blocks/0/rows/0/id").to_owned();
    assert_eq!(token.len(), 26, "{}", eligible.json);
    open(&format!("forged-id?id={token}")).refused(404, "not-found");
}

#[test]
fn guessed_ids_find_nobody() {
    assert_eq!(open("guessed-ids").expect(200).text("/title"), "none found");
}

#[test]
fn an_argument_beyond_one_crossing_is_refused() {
    open("huge-value").refused(502, "plugin-output-too-large");
}

#[test]
fn more_conditions_fields_and_sort_keys_than_a_query_may_have_are_refused() {
    for page in ["many-conditions", "many-fields", "many-sorts"] {
        let answer = open(page).refused(422, "invalid");
        assert!(answer.detail().contains("at most"), "{page}: {}", answer.detail());
    }
}

#[test]
fn input_beyond_its_bounds_never_reaches_a_plugin() {
    let (page, long) = ("/plugins/tests.hostile/pages/forged-id", "x".repeat(20_001));
    worker().get(&format!("{page}?id={long}")).refused(422, "invalid");
    let many: Vec<String> = (0..51).map(|number| format!("p{number}=x")).collect();
    worker().get(&format!("{page}?{}", many.join("&"))).refused(422, "invalid");
    let (officer, action) = (host().person("officer"), "/plugins/civil-affairs.elder-allowance/actions/decide");
    officer.post(action, &serde_json::json!({"reason": long})).refused(422, "invalid");
    // Asks before it sends: the host answers without reading, and who still writes then would find nobody there.
    let large = serde_json::json!({"reason": "x".repeat(3 << 20)}).to_string();
    let headers = [("content-type", "application/json"), ("expect", "100-continue")];
    officer.send("POST", action, &headers, large.as_bytes()).refused(413, "too-large");
    neighbour_answers(host());
}

#[test]
fn sql_in_a_value_is_a_name_that_nobody_has() {
    let answer = open("sql-value").expect(200);
    assert!(answer.json.to_string().contains("\"rows\":[]"), "{}", answer.json);
}

#[test]
fn sql_in_the_place_of_a_field_is_no_field() {
    open("sql-field").refused(403, "denied");
}

#[test]
fn an_action_of_another_plugin_is_not_found() {
    worker().post("/plugins/tests.hostile/actions/issue", &serde_json::json!({})).refused(404, "not-found");
    worker().get("/plugins/tests.hostile/pages/eligible").refused(404, "not-found");
    worker().get("/plugins/tests.nobody/pages/eligible").refused(404, "not-found");
}

#[test]
fn an_operator_sets_limits_in_a_file_and_a_wrong_one_is_named() {
    let host = Host::limited("host-calls = 1\n");
    let page = host.person("worker").get("/plugins/civil-affairs.elder-allowance/pages/eligible");
    page.refused(429, "limit");
    let data = linli_tests::scratch();
    std::fs::write(data.join("limits.toml"), "rows = 0\n").unwrap();
    let mut serve = std::process::Command::new(linli_tests::linli());
    let output = serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("limits.toml") && said.contains("`rows` is 0; it must lie in 1 to"), "{said}");
}
