//! Hostile guests that need a host of their own: what they meet depends on its limits, or changes it.

use std::thread;
use std::time::Duration;

use linli_tests::{Answer, Host, Person, hand_made, packaged};
use serde_json::json;

use crate::install::changed;

const ALLOWANCE: &str = "/plugins/civil-affairs.elder-allowance/pages/eligible";

fn page(name: &str) -> String {
    format!("/plugins/tests.hostile/pages/{name}")
}

fn with_hostile(limits: &str) -> (Host, Person) {
    let host = Host::limited(limits);
    host.with_guests(&["hostile"]);
    let worker = host.person("worker");
    (host, worker)
}

/// A host with the tests' publisher and no plugin of it.
fn with_publisher() -> Host {
    let host = Host::fresh();
    host.with_guests(&[]);
    host
}

#[test]
fn a_table_that_grows_without_end_is_too_much_memory() {
    let host = with_publisher();
    let grow = "(loop $more (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $more))";
    host.with_package(&hand_made("tests.table", r#"(memory (export "memory") 1) (table $t 1 funcref)"#, grow));
    host.person("worker").get("/plugins/tests.table/pages/").refused(502, "plugin-out-of-memory");
    host.person("worker").get(ALLOWANCE).expect(200);
}

#[test]
fn a_memory_that_begins_larger_than_its_limit_is_too_much() {
    let host = with_publisher();
    // 96 MiB: the pool would have room for it, one call has not.
    host.with_package(&hand_made("tests.memory", r#"(memory (export "memory") 1536)"#, ""));
    host.person("worker").get("/plugins/tests.memory/pages/").refused(502, "plugin-out-of-memory");
    host.person("worker").get(ALLOWANCE).expect(200);
}

#[test]
fn what_no_slot_of_the_pool_could_hold_is_not_installed() {
    let host = with_publisher();
    let admin = host.person("admin");
    let declared = |more: &str| hand_made("tests.large", more, "");
    let instances = (0..17).map(|_| "(core instance (instantiate $m))").collect::<String>();
    let many = format!(
        r#"(component (core module $m) {instances} (component $c) (instance $i (instantiate $c))
             (export "linli:platform/handler@0.1.0" (instance $i)))"#
    );
    for (package, named) in [
        (declared(r#"(memory (export "memory") 4000)"#), "memory"),
        (declared(r#"(memory (export "memory") 1) (table 3000000 funcref)"#), "table"),
        (packaged("tests.large", &wat::parse_str(many).unwrap()), "instances"),
    ] {
        let refused = admin.upload(&package, "tests").refused(422, "component");
        assert!(refused.detail().contains(named), "{}", refused.detail());
    }
    assert_eq!(admin.get("/plugins/tests.large").status, 404);
    host.person("worker").get(ALLOWANCE).expect(200);
}

#[test]
fn too_many_handles_end_a_call() {
    let (host, worker) = with_hostile("handles = 8\ncursors = 9\n");
    worker.get(&page("cursors")).refused(502, "plugin-too-many-handles");
    worker.get(ALLOWANCE).expect(200);
    drop(host);
}

#[test]
fn a_host_call_that_blocks_is_ended_with_its_call_and_what_it_handed_over_is_done_whole() {
    let (host, worker) = with_hostile("wall-ms = 500\n");
    let lock = host.lock_records();
    thread::scope(|scope| {
        let blocked = scope.spawn(|| worker.get(&page("copy?text=blocked")));
        while !host.said().contains("plugin-timeout") {
            assert!(!blocked.is_finished(), "the lock was not in the way");
            thread::sleep(Duration::from_millis(20));
        }
        drop(lock);
        blocked.join().unwrap().refused(502, "plugin-timeout");
    });
    worker.get(ALLOWANCE).expect(200);
    let kept = worker.get(&page("kept")).expect(200);
    assert_eq!(kept.list("/blocks/0/rows").len(), 1, "{}", kept.json);
}

/// Waits until a guest has said that it holds a cursor.
fn wait_for_note(worker: &Person) {
    for _ in 0..1_000 {
        if !worker.get(&page("kept")).expect(200).list("/blocks/0/rows").is_empty() {
            return;
        }
        thread::yield_now();
    }
    panic!("the guest never held a cursor");
}

/// Opens a page that holds a cursor; changes the grant while it does; returns what the page answers.
fn changed_while(held: &str, change: impl FnOnce(&Host, i64)) -> Answer {
    let (host, worker) = with_hostile("cpu-ms = 30000\nwall-ms = 60000\nhost-calls = 1000000\n");
    thread::scope(|scope| {
        let holding = scope.spawn(|| worker.get(&page(&format!("{held}?text=holding"))));
        wait_for_note(&worker);
        change(&host, host.grant("tests.hostile"));
        let answer = holding.join().unwrap();
        worker.get(ALLOWANCE).expect(200);
        answer
    })
}

fn revoke(host: &Host, grant: i64) {
    host.person("admin").decide(grant, "revoke", &json!({"reason": "test"})).expect(200);
}

#[test]
fn a_cursor_gives_nothing_after_its_grant_is_revoked() {
    let answer = changed_while("hold", revoke).refused(403, "denied");
    assert!(answer.detail().contains("revoked"), "{}", answer.detail());
}

#[test]
fn a_cursor_gives_nothing_of_a_field_that_its_grant_has_lost() {
    let narrow = |host: &Host, grant: i64| {
        let less = json!({"drop-fields": ["resident.age"]});
        host.person("admin").decide(grant, "narrow", &less).expect(200);
    };
    let answer = changed_while("hold", narrow).refused(403, "denied");
    assert!(answer.detail().contains("`age`"), "{}", answer.detail());
}

#[test]
fn a_bound_block_is_not_filled_after_its_grant_is_revoked() {
    changed_while("hold-bound", revoke).refused(403, "grant-revoked");
}

/// Opens the page that never ends, as soon as it finds a turn.
fn loop_in_turn(worker: &Person) -> Answer {
    loop {
        let answer = worker.get(&page("loop"));
        if answer.code() != "plugin-busy" {
            return answer;
        }
    }
}

#[test]
fn who_finds_no_turn_is_told_when_to_come_again_and_other_plugins_have_turns_of_their_own() {
    let (_host, worker) = with_hostile("concurrent = 1\npatience-ms = 1\ncpu-ms = 2000\nwall-ms = 10000\n");
    thread::scope(|scope| {
        let looping = scope.spawn(|| loop_in_turn(&worker));
        let mut busy = None;
        while !looping.is_finished() {
            let answer = worker.get(&page("kept"));
            busy = busy.or((answer.status != 200).then_some(answer));
            worker.get(ALLOWANCE).expect(200);
        }
        looping.join().unwrap().refused(502, "plugin-timeout");
        let busy = busy.unwrap().refused(503, "plugin-busy");
        assert_eq!(busy.retry_after, Some(1));
    });
    worker.get(&page("kept")).expect(200);
}

#[test]
fn turns_of_all_plugins_together_are_bounded_too() {
    let (_host, worker) = with_hostile("calls = 1\npatience-ms = 1\ncpu-ms = 2000\nwall-ms = 10000\n");
    thread::scope(|scope| {
        let looping = scope.spawn(|| loop_in_turn(&worker));
        let mut busy = None;
        while !looping.is_finished() {
            let answer = worker.get(ALLOWANCE);
            busy = busy.or((answer.status != 200).then_some(answer));
        }
        looping.join().unwrap().refused(502, "plugin-timeout");
        busy.unwrap().refused(503, "plugin-busy");
    });
    worker.get(ALLOWANCE).expect(200);
}

#[test]
fn a_plugin_that_keeps_failing_is_kept_off_and_a_new_version_begins_anew() {
    let (host, worker) = with_hostile("faults = 3\n");
    let paused = |host: &Host| host.person("admin").get("/plugins/tests.hostile").expect(200).json["paused_seconds"].as_u64();
    for _ in 0..3 {
        assert_eq!(paused(&host), None);
        // What ends well in between does not wash off what fails.
        worker.get(&page("kept")).expect(200);
        worker.get(&page("panic")).refused(502, "plugin-crashed");
    }
    let kept_off = worker.get(&page("kept")).refused(503, "plugin-paused");
    assert!(kept_off.retry_after.is_some_and(|seconds| (1..=5).contains(&seconds)), "{:?}", kept_off.retry_after);
    assert!(paused(&host).is_some_and(|seconds| (1..=5).contains(&seconds)));
    let listed = host.run("admin", &["plugin", "list"]);
    assert!(String::from_utf8(listed.stdout).unwrap().contains("暂停 paused for"));
    worker.get(ALLOWANCE).expect(200);
    host.with_package(&changed("hostile", |manifest| manifest.replacen("1.0.0", "1.0.1", 1)));
    worker.get(&page("kept")).expect(200);
}

#[test]
fn rows_of_too_many_bytes_are_refused_before_the_guest_or_a_page_has_them() {
    let (host, worker) = with_hostile("row-bytes = 600\n");
    let refused = worker.get(&page("rows")).refused(429, "limit");
    assert!(refused.detail().contains("at most 600 bytes of rows"), "{}", refused.detail());
    // A bound block is read by the host alone, within the same bound.
    let refused = worker.get(&format!("{ALLOWANCE}-bound")).refused(429, "limit");
    assert!(refused.detail().contains("more than 600 bytes"), "{}", refused.detail());
    drop(host);
}
