//! What is kept under a caller's key commits with the change, or neither does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop loudly")]

use linli_model::Classification;
use linli_scope::break_glass::{Breaking, Cause};
use linli_scope::{Actor, BreakGlass, Role};
use linli_store::account::{Account, Kept};
use linli_store::claim::{Asked, Claim, Mark};
use linli_store::model::Core;
use linli_store::plugin::{Publisher, Registered};
use linli_store::{Database, Once, Store, StoreError};
use linli_tests::databases;

/// A request under the key `k`, as one start of a host works on it.
fn asked(run: &str) -> Asked {
    asked_under("k", run)
}

fn asked_under(key: &str, run: &str) -> Asked {
    Asked { actor: 1, key: key.into(), fingerprint: [3; 32], run: run.into(), now: 1_000 }
}

fn registered(name: &str) -> Registered {
    Registered { publisher: Publisher { id: "p".into(), name: name.into(), sector: "s".into() }, pem: None }
}

fn answered(asked: Asked) -> Once<Registered> {
    Once::answered(asked, |made: &Registered| Ok(format!("made {}", made.publisher.name)))
}

async fn open(database: &Database) -> Store {
    Store::open(database, Core { codes: Vec::new(), schemas: &[] }).await.unwrap()
}

/// Runs a test on an empty database of each kind.
fn on_both<F: Future<Output = ()>>(test: impl Fn(Database) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    databases().into_iter().for_each(|database| runtime.block_on(test(database)));
}

#[test]
fn a_host_that_dies_before_it_answers_has_kept_the_answer_with_the_change() {
    on_both(|database| async move {
        let store = open(&database).await;
        assert_eq!(store.claim(asked("first")).await.unwrap(), Claim::New);
        store.put_publisher(None, registered("A"), Vec::new(), answered(asked("first"))).await.unwrap();
        // Nothing more is said of the key: the host is gone here.
        store.close().await;
        let store = open(&database).await;
        assert_eq!(store.claim(asked("second")).await.unwrap(), Claim::Done("made A".into()));
        store.close().await;
    });
}

/// What is kept of a change is that it was done; a host that dies after it says nothing more of its key.
async fn done<T: 'static>(store: &Store, key: &str) -> Once<T> {
    assert_eq!(store.claim(asked_under(key, "first")).await.unwrap(), Claim::New);
    Mark::new(asked_under(key, "first"), format!("{key} done")).once()
}

/// What was [`done`] under these keys is known to the host that comes after this one.
async fn outlives_the_host(store: Store, database: &Database, keys: [&str; 2]) {
    store.close().await;
    let store = open(database).await;
    for key in keys {
        assert_eq!(store.claim(asked_under(key, "second")).await.unwrap(), Claim::Done(format!("{key} done")));
    }
    store.close().await;
}

/// For a change by a host whose key another one has taken over.
async fn overtaken<T: 'static>(store: &Store, key: &str) -> Once<T> {
    let once = done(store, key).await;
    assert_eq!(store.claim(asked_under(key, "second")).await.unwrap(), Claim::New);
    once
}

fn account() -> Kept {
    let actor = Actor {
        id: 0,
        roles: vec![Role::Worker],
        regions: Vec::new(),
        clearance: Classification::Internal,
        resident: None,
        publisher: None,
    };
    let account = Account { login: "l".into(), name: "n".into(), password: "p".into(), actor };
    Kept { account, disabled: false, version: 1, pending: None }
}

#[test]
fn an_account_commits_with_what_is_kept_under_its_key() {
    on_both(|database| async move {
        let store = open(&database).await;
        let entry = || linli_tests::entry().encode();
        let late = store.add_account(account(), |_| entry(), overtaken(&store, "late").await).await;
        assert!(matches!(late, Err(StoreError::Overtaken)));
        let made = store.add_account(account(), |_| entry(), done(&store, "add").await).await.unwrap();
        let disabled = Kept { disabled: true, ..made.clone() };
        let late = store.change_account(&made, disabled.clone(), entry(), overtaken(&store, "later").await).await;
        assert!(matches!(late, Err(StoreError::Overtaken)));
        assert!(!store.kept_account("l").await.unwrap().unwrap().disabled);
        store.change_account(&made, disabled, entry(), done(&store, "change").await).await.unwrap();
        outlives_the_host(store, &database, ["add", "change"]).await;
    });
}

#[test]
fn a_broken_glass_commits_with_what_is_kept_under_its_key() {
    on_both(|database| async move {
        let store = open(&database).await;
        let entry = || linli_tests::entry().encode();
        let now = jiff::Timestamp::now();
        let (plugin, purpose) = ("p.p".into(), "rescue".into());
        let breaking = Breaking { plugin, purpose, cause: Cause::Accident, reason: "r".into(), minutes: Some(30) };
        let glass = BreakGlass::open(&breaking, 1, 1, now, &[]).unwrap();
        let late = store.add_break_glass(glass.clone(), |_| entry(), overtaken(&store, "late").await).await;
        assert!(matches!(late, Err(StoreError::Overtaken)) && store.break_glass(1).await.unwrap().is_none());
        let opened = store.add_break_glass(glass, |_| entry(), done(&store, "open").await).await.unwrap();
        let mut ended = opened.clone();
        ended.end(1, now).unwrap();
        store.put_break_glass(&opened, ended, entry(), done(&store, "end").await).await.unwrap();
        outlives_the_host(store, &database, ["open", "end"]).await;
    });
}

#[test]
fn a_host_that_dies_before_the_change_leaves_the_key_to_whoever_asks_again() {
    on_both(|database| async move {
        let store = open(&database).await;
        assert_eq!(store.claim(asked("first")).await.unwrap(), Claim::New);
        assert_eq!(store.claim(asked("first")).await.unwrap(), Claim::Running);
        assert_eq!(store.claim(asked("second")).await.unwrap(), Claim::New);
        // The first was not dead, only slow: what it does now would be done twice.
        let late = store.put_publisher(None, registered("A"), Vec::new(), answered(asked("first"))).await;
        assert!(matches!(late, Err(StoreError::Overtaken)));
        assert!(store.publisher("p").await.unwrap().is_none());
        store.release_claim(asked("first")).await.unwrap();
        assert_eq!(store.claim(asked("second")).await.unwrap(), Claim::Running);
        store.put_publisher(None, registered("B"), Vec::new(), answered(asked("second"))).await.unwrap();
        assert_eq!(store.claim(asked("first")).await.unwrap(), Claim::Done("made B".into()));
        store.close().await;
    });
}

#[test]
fn a_change_that_is_refused_keeps_no_answer_and_an_answer_that_can_t_be_written_undoes_its_change() {
    on_both(|database| async move {
        let store = open(&database).await;
        store.claim(asked("run")).await.unwrap();
        let refused = store.put_publisher(Some(registered("other")), registered("A"), Vec::new(), answered(asked("run"))).await;
        assert!(matches!(refused, Err(StoreError::Changed("publisher"))));
        let unwritten = Once::answered(asked("run"), |_: &Registered| Err("no".to_owned()));
        assert!(store.put_publisher(None, registered("A"), Vec::new(), unwritten).await.is_err());
        assert!(store.publisher("p").await.unwrap().is_none());
        store.release_claim(asked("run")).await.unwrap();
        assert_eq!(store.claim(asked("run")).await.unwrap(), Claim::New);
        store.close().await;
    });
}

#[test]
fn a_mark_stays_until_the_whole_answer_takes_its_place() {
    on_both(|database| async move {
        let store = open(&database).await;
        store.claim(asked("run")).await.unwrap();
        let mark = Mark::new(asked("run"), "begun".into());
        store.put_publisher(None, registered("A"), Vec::new(), mark.once()).await.unwrap();
        // Whatever became of the rest, what was done is not done again.
        store.release_claim(asked("run")).await.unwrap();
        assert_eq!(store.claim(asked("run")).await.unwrap(), Claim::Done("begun".into()));
        store.put_publisher(Some(registered("A")), registered("B"), Vec::new(), mark.once()).await.unwrap();
        store.finish_claim(asked("run"), "all".into()).await.unwrap();
        assert_eq!(store.claim(asked("run")).await.unwrap(), Claim::Done("all".into()));
        store.close().await;
    });
}
