//! A world: one schema, one grant, some people and their records beside the core's, at both hosts alike.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::core::Core;
use crate::coverage::Coverage;
use crate::domain::{Domain, Record, Records};
use crate::host::Hosts;
use crate::random::Random;
use crate::reference::{Expected, Reference};
use crate::request::{Ask, Known, Request};
use crate::schema::{CLASSES, Schema};
use crate::scope::{self, Access, Actor, OWN, PURPOSES};

/// Records that are entered before the first case.
const RECORDS: usize = 32;

/// One world.
pub struct World<'a> {
    hosts: &'a Hosts<'a>,
    plugin: String,
    domain: Domain<'a>,
    accesses: Vec<Access>,
    random: Random,
    pub coverage: Coverage,
}

impl<'a> World<'a> {
    /// Installs the world of a seed at both hosts.
    pub fn make(hosts: &'a Hosts<'a>, core: &'a Core, seed: u64) -> Result<Self, String> {
        let mut random = Random::new(seed);
        let plugin = format!("tests.model-{seed}");
        let domain = Domain { core, own: Schema::random(&mut random, core, OWN), things: Records::new() };
        let mut accesses = scope::request(&mut random, &domain);
        let manifest = scope::manifest(&plugin, &domain, &accesses);
        let narrowing = random.percent(70).then(|| scope::narrow(&mut random, &domain, &mut accesses));
        let schemas = BTreeMap::from([(format!("schemas/{OWN}.json"), domain.own.text())]);
        hosts.install(&manifest, schemas, narrowing.as_ref())?;
        let mut world = Self { hosts, plugin, domain, accesses, random, coverage: Coverage::default() };
        for at in 0..RECORDS {
            let request = Request::random_create(&mut world.random, &world.domain.own);
            // Most for one purpose, so that there are many of a group.
            world.ask(0, PURPOSES[usize::from(at % 8 == 0)], &request)?;
        }
        Ok(world)
    }

    /// One case: somebody asks something for a purpose.
    pub fn case(&mut self) -> Result<(), String> {
        let person = self.random.below(self.hosts.people.len());
        let purpose = *self.random.pick(&PURPOSES);
        let clearance = self.hosts.people[person].0.as_ref().map_or(0, |actor| actor.clearance);
        let known = Known { domain: &self.domain, accesses: &self.accesses, clearance, purpose };
        let request = Request::random(&mut self.random, &known);
        self.ask(person, purpose, &request)
    }

    fn ask(&mut self, person: usize, purpose: &'static str, request: &Request) -> Result<(), String> {
        let actor = self.hosts.people[person].0.as_ref();
        let today = today();
        let reference = Reference { domain: &self.domain, accesses: &self.accesses, actor, purpose, today: &today };
        let expected = reference.answer(request);
        let is_open = actor.is_none() || matches!(request.ask, Ask::Lookup { .. });
        let page = if is_open { format!("open-{purpose}") } else { purpose.to_owned() };
        let said = self.hosts.say(person, &self.plugin, &page, &request.written());
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
        self.coverage.add(&reference, request, &expected);
        match expected {
            Expected::Made(values) => {
                let id = said[0]["ids"][0].as_str().unwrap().to_owned();
                let number = self.domain.things.len() as i64;
                self.domain.things.insert(number, Record { id, version: 1, purpose: Some(purpose), values });
            }
            Expected::Changed { number, values } => {
                let record = self.domain.things.get_mut(&number).unwrap();
                record.version += 1;
                record.values = values;
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

/// The date in China.
fn today() -> String {
    jiff::tz::Offset::constant(8).to_datetime(jiff::Timestamp::now()).date().to_string()
}

/// Somebody who may do everything everywhere.
pub fn anybody() -> Actor {
    Actor { login: "model-all".into(), regions: vec!["44"], clearance: CLASSES.len() - 1 }
}
