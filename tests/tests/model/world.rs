//! A world: one schema, one grant, some people and their records, at both hosts alike.

use std::collections::BTreeMap;
use std::sync::Mutex;

use linli_package::Parts;
use linli_tests::{Host, Person};
use serde_json::{Value as Json, json};

use crate::coverage::Coverage;
use crate::random::Random;
use crate::reference::{Expected, Record, Reference};
use crate::request::{Known, Request};
use crate::schema::{CLASSES, Schema};
use crate::scope::{self, Access, Actor, ENTITY, PURPOSES};

/// The token of who uploads: not one of those who approve.
pub const UPLOADER: &str = "model-uploader";
/// Records that are entered before the first case.
const RECORDS: usize = 24;

/// The two hosts that must answer alike.
pub struct Hosts<'a> {
    pub hosts: [&'a Host; 2],
    pub component: &'a [u8],
    pub installing: Mutex<()>,
    /// Each with a log-in at either host. The first may do everything everywhere.
    pub people: &'a [(Actor, [Person; 2])],
}

/// One world.
pub struct World<'a> {
    hosts: &'a Hosts<'a>,
    plugin: String,
    schema: Schema,
    accesses: Vec<Access>,
    records: Vec<Record>,
    random: Random,
    pub coverage: Coverage,
}

impl<'a> World<'a> {
    /// Installs the world of a seed at both hosts.
    pub fn make(hosts: &'a Hosts<'a>, seed: u64) -> Result<Self, String> {
        let mut random = Random::new(seed);
        let plugin = format!("tests.model-{seed}");
        let schema = Schema::random(&mut random);
        let mut accesses = scope::request(&mut random, &schema);
        let manifest = scope::manifest(&plugin, &accesses);
        let narrowing = random.percent(70).then(|| scope::narrow(&mut random, &schema, &mut accesses));
        let schemas = BTreeMap::from([(format!("schemas/{ENTITY}.json"), schema.text(ENTITY))]);
        let parts = Parts { manifest: manifest.clone(), schemas, locales: BTreeMap::new() };
        let package = linli_package::embed(hosts.component, &parts).map_err(|error| format!("{error}\n{manifest}"))?;
        // One after the other at both: entity types are numbered in their order, and tokens hold the number.
        let turn = hosts.installing.lock();
        for host in hosts.hosts {
            install(host, &package, narrowing.as_ref()).map_err(|error| format!("{error}\n{manifest}\n{}", schema.text(ENTITY)))?;
        }
        drop(turn);
        let mut world = Self { hosts, plugin, schema, accesses, records: Vec::new(), random, coverage: Coverage::default() };
        for at in 0..RECORDS {
            let request = Request::random_create(&mut world.random, &world.schema, &world.accesses);
            world.ask(0, PURPOSES[at % PURPOSES.len()], &request)?;
        }
        Ok(world)
    }

    /// One case: somebody asks something for a purpose.
    pub fn case(&mut self) -> Result<(), String> {
        let person = self.random.below(self.hosts.people.len());
        let purpose = *self.random.pick(&PURPOSES);
        let actor = &self.hosts.people[person].0;
        let known = Known { schema: &self.schema, accesses: &self.accesses, records: &self.records, actor, purpose };
        let request = Request::random(&mut self.random, &known);
        self.ask(person, purpose, &request)
    }

    fn ask(&mut self, person: usize, purpose: &'static str, request: &Request) -> Result<(), String> {
        let (actor, people) = &self.hosts.people[person];
        let today = today();
        let reference = Reference { schema: &self.schema, accesses: &self.accesses, records: &self.records, actor, purpose, today: &today };
        let expected = reference.answer(request);
        let path = format!("/plugins/{}/pages/{purpose}?q={}", self.plugin, encoded(&request.written().to_string()));
        let said = people.each_ref().map(|person| said(person, &path));
        let fail = |what: &str| {
            Err(format!(
                "{what}\nworld {}, {actor:?} for {purpose}\nrequest {}\nexpected {expected:?}\nSQLite     {}\nPostgreSQL {}\naccesses {:#?}",
                self.plugin,
                request.written(),
                said[0],
                said[1],
                self.accesses
            ))
        };
        if said[0] != said[1] {
            return fail("the two hosts differ");
        }
        if !agrees(&expected, &said[0]) {
            return fail("not as the reference has it");
        }
        self.coverage.add(&self.schema, &self.accesses, request, &expected);
        if self.schema.placed && actor.regions.is_empty() {
            self.coverage.met("own regions: none");
        }
        match expected {
            Expected::Made(values) => {
                let id = said[0]["ids"][0].as_str().unwrap().to_owned();
                self.records.push(Record { id, version: 1, purpose, values });
            }
            Expected::Changed { record, values } => {
                self.records[record].version += 1;
                self.records[record].values = values;
            }
            Expected::Answer(_) | Expected::Error(_) => {}
        }
        Ok(())
    }
}

fn agrees(expected: &Expected, said: &Json) -> bool {
    match expected {
        Expected::Answer(answer) => said == answer,
        Expected::Error(code) => said["error"] == *code,
        Expected::Made(_) => said["ids"].as_array().is_some_and(|ids| ids.len() == 1),
        Expected::Changed { .. } => said["version"].is_u64(),
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
    let text = answer.text("/blocks/0/text");
    if answer.status == 200 { serde_json::from_str(text).unwrap_or_else(|_| answer.json.clone()) } else { answer.json.clone() }
}

/// The date in China.
fn today() -> String {
    jiff::tz::Offset::constant(8).to_datetime(jiff::Timestamp::now()).date().to_string()
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

/// Somebody who may do everything everywhere.
pub fn anybody() -> Actor {
    Actor { login: "model-all".into(), regions: vec!["44"], clearance: CLASSES.len() - 1 }
}
