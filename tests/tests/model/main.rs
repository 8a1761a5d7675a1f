//! The reference model over HTTP: random schemas, regions, grants, people, requests and records. What two hosts answer, one on
//! SQLite and one on PostgreSQL, is compared byte by byte with each other and with a naive evaluator that knows the documents
//! and none of the platform's code.
//!
//! `LINLI_CASES` says how many cases, `LINLI_SEED` where chance begins; a failure says its seed.
//!
//! | module | holds |
//! |---|---|
//! | `schema`, `value`, `domain` | entity types, values, records: made at random |
//! | `core`, `prelude` | the core's own, as their schemas say and the demonstration has them |
//! | `condition`, `day`, `table` | predicates, relative days, declared tables: made at random, written, evaluated |
//! | `scope`, `request` | grants and people; what a guest asks |
//! | `reference`, `reading` | what must come back |
//! | `host`, `world` | all of it at two hosts |
//! | `coverage` | what was met |

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on should stop loudly")]

mod condition;
mod core;
mod coverage;
mod day;
mod domain;
mod host;
mod prelude;
mod random;
mod reading;
mod reference;
mod request;
mod schema;
mod scope;
mod table;
mod value;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use core::Core;
use coverage::Coverage;
use host::Hosts;
use linli_model::Classification;
use linli_scope::{Actor as Account, Role};
use linli_tests::{Backend, Host, Person};
use random::Random;
use scope::Actor;
use world::World;

/// Cases in `make test`.
const CASES: u64 = 20_000;
/// Cases in one world, whose records change on the way.
const PER_WORLD: u64 = 400;
/// People.
const PEOPLE: usize = 12;
/// Worlds at work at once.
const THREADS: usize = 2;

#[test]
fn both_databases_answer_as_the_reference_model() {
    let number = |name: &str, otherwise| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (cases, seed) = (number("LINLI_CASES", CASES), number("LINLI_SEED", 1));
    let hosts =
        [Backend::Sqlite, Backend::Postgres].map(|backend| Host::deserted(backend, |store| async move { people(&store, seed).await }));
    let component = component();
    let people: Vec<(Option<Actor>, [Person; 2])> = actors(seed)
        .into_iter()
        .map(|actor| (Some(actor.clone()), hosts.each_ref().map(|host| host.nobody().with_token(&actor.login))))
        .chain([(None, hosts.each_ref().map(Host::nobody))])
        .collect();
    let hosts = Hosts { hosts: hosts.each_ref(), component: &component, installing: Mutex::default(), people: &people };
    for host in hosts.hosts {
        let publisher = serde_json::json!({"id": "tests", "name": "Tests", "sector": "tests"});
        host.person("admin").post("/publishers", &publisher).expect(201);
    }
    let core = prelude::core(&hosts, seed);
    let coverage = run(&hosts, &core, seed, cases);
    println!("{coverage}");
    assert_eq!(coverage.missing(), Vec::<&str>::new(), "never met in {cases} cases");
}

fn run(hosts: &Hosts<'_>, core: &Core, seed: u64, cases: u64) -> Coverage {
    let worlds = cases.div_ceil(PER_WORLD);
    let (next, all) = (AtomicU64::new(0), Mutex::new(Coverage::default()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= worlds {
                        break;
                    }
                    let coverage = one(hosts, core, seed + at).unwrap_or_else(|failure| panic!("LINLI_SEED={} {failure}", seed + at));
                    all.lock().unwrap().join(coverage);
                }
            });
        }
    });
    all.into_inner().unwrap()
}

fn one(hosts: &Hosts<'_>, core: &Core, seed: u64) -> Result<Coverage, String> {
    let mut world = World::make(hosts, core, seed)?;
    for _ in 0..PER_WORLD {
        world.case()?;
    }
    Ok(world.coverage)
}

/// The same people for every world of a run.
fn actors(seed: u64) -> Vec<Actor> {
    let mut random = Random::new(seed ^ 0x5EED);
    std::iter::once(world::anybody()).chain((0..PEOPLE).map(|at| Actor::random(&mut random, at))).collect()
}

/// Accounts that are signed in already, and the grid cells of the model.
async fn people(store: &linli_store::Store, seed: u64) {
    let cells = schema::GRIDS.iter().map(|code| (code.parse().unwrap(), "网格".to_owned()));
    store.add_regions(cells.collect()).await.unwrap();
    let uploader = Account {
        id: 0,
        roles: vec![Role::Developer],
        regions: Vec::new(),
        clearance: Classification::Public,
        resident: None,
        publisher: Some("tests".into()),
    };
    linli_tests::sign_in(store, host::UPLOADER, uploader).await;
    for actor in actors(seed) {
        let classes = [Classification::Public, Classification::Internal, Classification::Personal, Classification::Sensitive];
        let regions = actor.regions.iter().map(|code| code.parse().unwrap()).collect();
        let clearance = classes[actor.clearance];
        let account = Account { id: 0, roles: vec![Role::Worker], regions, clearance, resident: None, publisher: None };
        linli_tests::sign_in(store, &actor.login, account).await;
    }
}

/// The probe without its own manifest.
fn component() -> Vec<u8> {
    linli_tests::without_parts(&std::fs::read(linli_tests::package("probe")).unwrap())
}
