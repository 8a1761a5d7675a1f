//! What anybody was shown is kept by no browser and no proxy, and is never said to be the same as before.

use linli_tests::{Answer, Host, Person};
use serde_json::json;
use ureq::http::Response;

const PAGE: &str = "/plugins/civil-affairs.elder-allowance/pages/eligible";

/// Asks again for what a browser says it has kept, whatever its tag.
fn again(person: &Person, path: &str, tag: &str) -> Answer {
    person.send("GET", path, &[("if-none-match", tag)], b"")
}

/// What lies beside the API.
pub fn page(host: &Host, person: &Person, path: &str) -> Response<ureq::Body> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let request = agent.get(format!("{}{path}", host.url())).header("if-none-match", "*");
    request.header("authorization", format!("Bearer {}", person.token())).call().unwrap()
}

pub fn header<'a>(answer: &'a Response<ureq::Body>, name: &str) -> &'a str {
    answer.headers().get(name).and_then(|text| text.to_str().ok()).unwrap_or_default()
}

#[test]
fn no_answer_of_the_api_may_be_kept_and_none_is_said_to_be_unchanged() {
    let host = Host::fresh();
    let document = host.nobody().get("/openapi.json").expect(200).json;
    let people = [host.nobody(), host.person("worker"), host.person("admin"), host.person("auditor"), host.person("resident")];
    let mut shown = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let place = path.replace("{entity}", "resident").replace("{id}", "1").replace("{sequence}", "1").replace("{name}", "sex");
        let place = place.replace("{plugin}", "civil-affairs.elder-allowance").replace("{path}", "eligible").replace("{code}", "44");
        for person in &people {
            for method in item.as_object().unwrap().keys().filter(|method| *method != "delete") {
                let answer = person.send(&method.to_uppercase(), &place, &[("if-none-match", "*")], b"");
                assert_eq!(answer.cache, "no-store", "{method} {place}");
                assert_ne!(answer.status, 304, "{method} {place}");
                shown += u32::from(answer.status == 200);
            }
        }
    }
    assert!(shown > 40, "{shown}");
}

#[test]
fn no_page_may_be_kept() {
    let host = Host::shared();
    let people = [host.nobody(), host.person("worker"), host.person("admin"), host.person("resident")];
    let pages =
        ["/", "/login", "/records", "/records/resident", "/me", "/me/access-log", "/admin/plugins", "/audit", "/nowhere", "/metrics"];
    for (person, path) in people.iter().flat_map(|person| pages.map(|path| (person, path))) {
        let answer = page(host, person, path);
        assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
        assert_ne!(answer.status().as_u16(), 304, "{path}");
    }
}

#[test]
fn a_tag_opens_nothing_to_another_person_nor_to_anybody_after_a_revocation() {
    let host = Host::fresh();
    let (worker, other, admin) = (host.person("worker"), host.person("worker2"), host.person("admin"));
    let listed = worker.get("/records/resident?fields=name&limit=1").expect(200);
    let record = format!("/records/resident/{}", listed.text("/records/0/id"));
    let tag = worker.get(&record).expect(200).etag.unwrap();
    assert_eq!(again(&worker, &record, &tag).expect(200).etag.as_ref(), Some(&tag));
    again(&other, &record, &tag).refused(404, "not-found");
    again(&host.nobody(), &record, &tag).refused(401, "sign-in");
    let grant = host.grant("civil-affairs.elder-allowance");
    let shown = format!("/grants/{grant}");
    let tag = admin.get(&shown).expect(200).etag.unwrap();
    again(&other, &shown, &tag).refused(403, "role");
    again(&worker, PAGE, "*").expect(200);
    admin.decide(grant, "revoke", &json!({"reason": "r"})).expect(200);
    again(&worker, PAGE, "*").refused(403, "grant-revoked");
    assert_eq!(worker.send("DELETE", "/session", &[], b"").status, 204);
    again(&worker, &record, "*").refused(401, "sign-in");
}

#[test]
fn the_icon_is_an_image_that_pages_name_and_their_policy_allows() {
    let host = Host::shared();
    let nobody = host.nobody();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    for path in ["/assets/linli.svg", "/favicon.ico"] {
        let mut answer = agent.get(format!("{}{path}", host.url())).call().unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (200, "image/svg+xml"), "{path}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert!(answer.body_mut().read_to_string().unwrap().starts_with("<svg"));
        // The same for everybody, and so the only thing that is said to be unchanged.
        let kept = page(host, &nobody, path);
        assert_eq!((kept.status().as_u16(), header(&kept, "cache-control")), (304, "public, max-age=600"));
    }
    let mut login = page(host, &nobody, "/login");
    assert!(header(&login, "content-security-policy").contains("img-src 'self'"));
    assert!(login.body_mut().read_to_string().unwrap().contains(r#"<link rel="icon" type="image/svg+xml" href="/assets/linli.svg">"#));
}
