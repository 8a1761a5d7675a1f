//! Which plugins a person sees.

use linli_tests::{Host, Person};

fn seen(person: &Person) -> Vec<String> {
    let plugins = person.get("/plugins").expect(200);
    plugins.list("/plugins").iter().map(|plugin| plugin["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn everybody_sees_the_plugins_with_a_page_for_them_and_those_with_a_public_one() {
    let host = Host::fresh();
    let (allowance, certificate) = ("civil-affairs.elder-allowance", "community.residence-certificate");
    assert_eq!(seen(&host.person("resident")), [certificate]);
    assert_eq!(seen(&host.person("worker")), [allowance, certificate]);
    let resident = host.person("resident");
    resident.get(&format!("/plugins/{certificate}")).expect(200);
    resident.get(&format!("/plugins/{allowance}")).refused(403, "role");
}
