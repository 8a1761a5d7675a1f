//! The two hosts that must answer alike, and how they are asked.

use std::collections::BTreeMap;
use std::sync::Mutex;

use linli_package::Parts;
use linli_tests::{Host, Person};
use serde_json::{Value as Json, json};

use crate::scope::Actor;

/// The token of who uploads: not one of those who approve.
pub const UPLOADER: &str = "model-uploader";

/// The two hosts.
pub struct Hosts<'a> {
    pub hosts: [&'a Host; 2],
    pub component: &'a [u8],
    pub installing: Mutex<()>,
    /// Each with a log-in at either host. The first may do everything everywhere, the last is nobody.
    pub people: &'a [(Option<Actor>, [Person; 2])],
}

impl Hosts<'_> {
    /// Installs a plugin at both, narrowed.
    pub fn install(&self, manifest: &str, schemas: BTreeMap<String, String>, narrowing: Option<&Json>) -> Result<(), String> {
        let parts = Parts { manifest: manifest.to_owned(), schemas, locales: BTreeMap::new() };
        let package = linli_package::embed(self.component, &parts).map_err(|error| format!("{error}\n{manifest}"))?;
        // One after the other at both: entity types are numbered in their order, and tokens hold the number.
        let _turn = self.installing.lock();
        for host in self.hosts {
            install(host, &package, narrowing).map_err(|error| format!("{error}\n{manifest}\n{:?}", parts.schemas))?;
        }
        Ok(())
    }

    /// What each says to somebody's request on a page.
    pub fn say(&self, person: usize, plugin: &str, page: &str, request: &Json) -> [Json; 2] {
        let path = format!("/plugins/{plugin}/pages/{page}?q={}", encoded(&request.to_string()));
        self.people[person].1.each_ref().map(|person| said(person, &path))
    }
}

fn install(host: &Host, package: &[u8], narrowing: Option<&Json>) -> Result<(), String> {
    let admin = host.person("admin");
    let made = host.nobody().with_token(UPLOADER).upload(package, "tests");
    let grant = made.json["grant"]["id"].as_i64().ok_or_else(|| format!("not installed: {}", made.json))?;
    if let Some(narrowing) = narrowing {
        let narrowed = admin.decide(grant, "narrow", narrowing);
        if narrowed.status != 200 {
            return Err(format!("not narrowed by {narrowing}: {}", narrowed.json));
        }
    }
    let assessment = json!({"assessment": {"text": "模型", "reference": "-"}});
    for approver in ["admin", "admin2"] {
        let approved = host.person(approver).decide(grant, "approve", &assessment);
        match approved.text("/state") {
            "active" => return Ok(()),
            _ if approved.status == 200 => {}
            _ => return Err(format!("not approved: {}", approved.json)),
        }
    }
    Err("not approved by two".to_owned())
}

/// What the host said to the probe, to the letter.
fn said(person: &Person, path: &str) -> Json {
    let answer = person.get(path);
    let text: String = answer.list("/blocks").iter().filter_map(|block| block["text"].as_str()).collect();
    if answer.status == 200 { serde_json::from_str(&text).unwrap_or_else(|_| answer.json.clone()) } else { answer.json.clone() }
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
