//! Residents' accounts: opened at the community's counter, one each, and on the resident's own record.

use linli_tests::{Answer, Host, Person};
use serde_json::{Value, json};

const OTHER: &str = "440104022002";

fn path(resident: &str) -> String {
    format!("/residents/{resident}/account")
}

fn open(person: &Person, resident: &str, login: &str) -> Answer {
    person.post(&path(resident), &json!({"login": login}))
}

/// Residents in a worker's care who have no account.
fn residents(worker: &Person) -> Vec<String> {
    let list = worker.get("/records/resident?fields=id&limit=4").expect(200);
    let ids = list.list("/records").iter().map(|record| record["id"].as_str().unwrap().to_owned());
    ids.filter(|id| worker.get(&path(id)).status == 404).take(3).collect()
}

#[test]
fn a_worker_opens_an_account_with_which_a_resident_sees_their_record_and_who_opened_it() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let [first, second, _] = residents(&worker).try_into().unwrap();
    worker.get(&path(&first)).refused(404, "not-found");
    worker.post(&format!("{}/password", path(&first)), &json!({})).refused(404, "not-found");
    let opened = open(&worker, &first, "wang.ming").expect(201);
    assert_eq!((&opened.json["login"], &opened.json["disabled"]), (&json!("wang.ming"), &json!(false)));
    let password = opened.text("/password");
    let shown = worker.get(&path(&first)).expect(200);
    assert_eq!(shown.json, json!({"login": "wang.ming", "disabled": false}));

    let them = Person::log_in(host.url(), "wang.ming", password);
    let name = worker.get(&format!("/records/resident/{first}")).expect(200).json["record"]["name"].clone();
    assert_eq!(them.get("/me/record").expect(200).json["record"]["name"], name);
    assert_eq!(them.get("/session").expect(200).json["roles"], json!(["resident"]));
    let seen = them.get("/me/access-log").expect(200);
    let entry = seen.list("/entries").iter().find(|entry| entry["entry_point"].as_str().unwrap().starts_with("open account "));
    let entry = entry.unwrap_or_else(|| panic!("{}", seen.json));
    assert_eq!((&entry["application"], &entry["purpose"]), (&json!("linli.console"), &json!("portal-account")));
    assert_eq!(entry["accesses"][0]["operation"], "account");
    them.get("/records/resident").refused(403, "role");

    // Admins, who have no business with records, see whose account it is no further than to tell accounts apart.
    let listed = host.person("admin").get("/accounts/wang.ming").expect(200);
    let masked = listed.text("/name");
    assert!(masked.ends_with('*') && name.as_str().unwrap().starts_with(masked.trim_end_matches('*')), "{masked}");

    // One resident has one account, and one name is one person's.
    let again = open(&worker, &first, "another").refused(409, "duplicate");
    assert!(again.detail().contains("wang.ming"), "{}", again.detail());
    open(&worker, &second, "wang.ming").refused(409, "duplicate");
    open(&worker, &second, "worker").refused(409, "duplicate");
    worker.get(&path(&second)).refused(404, "not-found");
}

#[test]
fn another_password_ends_the_sessions_of_the_one_before() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let resident = residents(&worker).remove(0);
    let old = open(&worker, &resident, "wang.ming").expect(201);
    let them = Person::log_in(host.url(), "wang.ming", old.text("/password"));
    let headers = [("content-type", "application/json"), ("idempotency-key", "k1")];
    let reset = || worker.send("POST", &format!("{}/password", path(&resident)), &headers, b"{}");
    let new = reset().expect(200);
    // Asked again, it is neither made nor said again.
    reset().refused(409, "key-done");
    them.get("/session").refused(401, "sign-in");
    let log_in = |password: &str| host.nobody().post("/session", &json!({"username": "wang.ming", "password": password}));
    log_in(old.text("/password")).refused(401, "sign-in");
    log_in(new.text("/password")).expect(201);
}

#[test]
fn nobody_opens_an_account_for_somebody_who_is_not_in_their_care() {
    let host = Host::fresh();
    let (worker, admin) = (host.person("worker"), host.person("admin"));
    let resident = residents(&worker).remove(0);
    let body = json!({"login": "he.wang", "name": "何网格", "roles": ["worker"], "regions": [OTHER], "clearance": "personal"});
    let made = admin.post("/accounts", &body).expect(201);
    let elsewhere = Person::log_in(host.url(), "he.wang", made.text("/password"));
    for person in [&elsewhere, &worker] {
        open(person, "rNOTATOKEN", "wang.ming").refused(404, "not-found");
    }
    open(&elsewhere, &resident, "wang.ming").refused(404, "not-found");
    elsewhere.get(&path(&resident)).refused(404, "not-found");
    for login in ["admin", "officer", "auditor", "resident"] {
        open(&host.person(login), &resident, "wang.ming").refused(403, "role");
    }
    open(&host.nobody(), &resident, "wang.ming").refused(401, "sign-in");
    for login in ["", "A", "a b", "'; DROP TABLE account; --", "x".repeat(41).as_str()] {
        open(&worker, &resident, login).refused(422, "invalid");
    }
    worker.post(&path(&resident), &json!({"login": "a", "roles": ["admin"]})).refused(400, "json");
    worker.get(&path(&resident)).refused(404, "not-found");
}

#[test]
fn whoever_had_an_account_before_has_it_still() {
    let host = Host::shared();
    let worker = host.person("worker");
    let own = host.person("resident").get("/me/record").expect(200);
    let found = worker.get(&format!("/records/resident?fields=name&filter=id_number:eq:{}", own.text("/record/id_number"))).expect(200);
    // The demonstration's resident lives in the worker's community.
    let id = found.text("/records/0/id");
    assert_eq!(worker.get(&path(id)).expect(200).json["login"], "resident");
}

#[test]
fn in_the_console_a_worker_opens_an_account_on_the_residents_page() {
    let host = Host::fresh();
    let worker = host.person("worker");
    let resident = residents(&worker).remove(0);
    let page = format!("/records/resident/{resident}");
    assert!(worker.page(&page).contains("开通账号"));
    let (status, refused) = worker.submit(&format!("{page}/account"), &[("login", "A")]);
    assert!(status == 422 && !refused.contains("只显示这一次"), "{refused}");
    let (status, opened) = worker.submit(&format!("{page}/account"), &[("login", "wang.ming")]);
    assert!(status == 200 && opened.contains("只显示这一次"), "{opened}");
    let password = opened.split("<code>wang.ming</code>：<code>").nth(1).unwrap().split('<').next().unwrap();
    let them = Person::log_in(host.url(), "wang.ming", password);
    let after = worker.page(&page);
    assert!(after.contains("重设密码") && after.contains("wang.ming") && !after.contains(password));
    let (status, reset) = worker.submit(&format!("{page}/account/password"), &[]);
    assert!(status == 200 && reset.contains("只显示这一次") && !reset.contains(password), "{reset}");
    them.get("/session").refused(401, "sign-in");
    assert_eq!(host.person("officer").submit(&format!("{page}/account"), &[("login", "b")]).0, 403);
    let shown: Value = worker.get(&path(&resident)).expect(200).json;
    assert_eq!(shown["login"], "wang.ming");
}
