//! Taking a person out of everything that the platform keeps (《个人信息保护法》第四十七条).
//!
//! Their record goes, and with it every record that leads to them by its subject path and can't be without them; of the
//! journal's lines the values go; their account can't be used any more and has no name; answers that are kept under keys and
//! name them are forgotten. In the log they are taken out of each entry's subjects, whose salt is replaced, so that the old
//! commitment says nothing. That this was done, and to which entries, is one more entry of the log: verification accepts
//! what it records and nothing else.
//!
//! Nothing is erased where the log could not follow: its entries about the person are looked through first. The records
//! go before the log, with the entry to be written kept beside; a host that dies on the way goes on with the log when
//! it starts again.

use linli_audit::{Access, Entry, Frontier, Stored, Tally};
use linli_model::{Catalogue, EntityType, RecordNo, SubjectPath};

use crate::Store;
use crate::claim::{self, Once};
use crate::database::{Cells as _, Dialect, Session, binds};
use crate::error::StoreError;
use crate::log::{Tail, as_signed, new_salts, stored};
use crate::log_file::{COLUMNS, ERASURES, erasure, give};
use crate::record_log::block;

/// Entries that are looked through at a time.
const STEP: i64 = 4_096;
/// The name of an account whose person was erased.
const NOBODY: &str = "已抹除 erased";

/// What an erasure reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Records by entity type.
    pub records: Vec<(String, u64)>,
    /// Entries of the log.
    pub entries: u64,
}

/// How a person is known in answers that are kept.
#[derive(Clone, Debug)]
pub struct Known {
    /// As first-party applications name them.
    pub token: String,
    /// What is kept in place of an answer that does.
    pub word: String,
}

impl Store {
    /// Erases a person. `entry` says who does it and why; what was erased is added to it. Answers that are kept under keys know them by
    /// a token, and one such answer is replaced by a word of the caller's. `once` is kept with the records' end, which is
    /// what can't be undone; the log's may follow at the next start.
    pub async fn erase(&self, resident: RecordNo, entry: Entry, known: Known, once: Once<[(String, u64)]>) -> Result<Reach, StoreError> {
        let subject = resident.0.unsigned_abs();
        self.on_log(move |log| refuse_unerasable(log, subject)).await?;
        let catalogue = self.catalogue();
        let kept = entry.clone();
        let work = move |session: &Session| {
            let records = erase_records(session, &catalogue, resident, kept)?;
            claim::forget(session, &known.token, &known.word)?;
            once.settle(session, &records).map(|()| records)
        };
        let records = self.administer(None, work).await?;
        let entries = self.finish_erasure(resident.0).await?;
        Ok(Reach { records, entries })
    }

    /// Goes on with what a host that died had begun. What can't be finished is tried again at the next start: nobody is
    /// helped by a host that does not open.
    pub(crate) async fn finish_erasures(&self) -> Result<(), StoreError> {
        let begun = self.readers().all("SELECT resident FROM erasure ORDER BY resident", &[], |row| row.integer(0)).await?;
        for resident in begun {
            if let Err(reason) = self.finish_erasure(resident).await {
                tracing::error!(%reason, "an erasure that was begun can't be finished in the log");
            }
        }
        Ok(())
    }

    async fn finish_erasure(&self, resident: i64) -> Result<u64, StoreError> {
        let text = "SELECT entry FROM erasure WHERE resident = $1";
        let Some(body) = self.readers().first(text, binds![resident], |row| row.text(0)).await? else { return Ok(0) };
        let entry = Entry::decode(&body, &[], 0).map_err(|reason| StoreError::damaged("an erasure", reason))?;
        let entries = self.erase_from_log(resident.unsigned_abs(), entry).await?;
        self.administer(None, move |session| session.execute("DELETE FROM erasure WHERE resident = $1", binds![resident]).map(drop))
            .await?;
        Ok(entries)
    }
}

fn erase_records(session: &Session, catalogue: &Catalogue, resident: RecordNo, mut entry: Entry) -> Result<Vec<(String, u64)>, StoreError> {
    let mut records = Vec::new();
    for entity in catalogue.entities() {
        let erased = erase_of_type(session, entity, resident.0)?;
        if erased > 0 {
            let (entity, operation) = (entity.name.clone(), "erase".to_owned());
            entry.accesses.push(Access { entity: entity.clone(), operation, fields: Vec::new(), records: erased, denied: None });
            records.push((entity, erased));
        }
    }
    if records.is_empty() {
        return Err(StoreError::NotFound { entity: "resident".into() });
    }
    erase_account(session, resident.0)?;
    session.execute("DELETE FROM measure WHERE resident = $1", binds![resident.0])?;
    entry.subjects.clear();
    let text = "INSERT INTO erasure (resident, entry) VALUES ($1, $2)";
    session.execute(text, binds![resident.0, entry.encode().body])?;
    Ok(records)
}

/// Deletes those records of one type that are about the person, with what the journal says of them. A core record that can
/// be without the person, as an organisation can without this representative, only forgets who it was.
fn erase_of_type(session: &Session, entity: &EntityType, resident: i64) -> Result<u64, StoreError> {
    let mut erased = 0;
    for path in &entity.subjects {
        let column = match path {
            SubjectPath::Own => "id",
            SubjectPath::Reference(field) => field,
        };
        if entity.owner.is_none() && entity.field(column).is_some_and(|field| !field.required) {
            let text = format!("UPDATE {} SET version = version + 1, {column} = NULL WHERE {column} = $1", entity.table);
            erased += session.execute(&text, binds![resident])? as u64;
            continue;
        }
        let records =
            session.all(&format!("SELECT id FROM {} WHERE {column} = $1", entity.table), binds![resident], |row| row.integer(0))?;
        for record in &records {
            erase_record(session, entity, *record)?;
        }
        erased += records.len() as u64;
    }
    Ok(erased)
}

fn erase_record(session: &Session, entity: &EntityType, record: i64) -> Result<(), StoreError> {
    let number = i64::from(entity.number);
    session.execute(&format!("DELETE FROM {} WHERE id = $1", entity.table), binds![record])?;
    let line = "UPDATE journal SET changes = '{}', evidence = NULL WHERE entity = $1 AND record = $2";
    session.execute(line, binds![number, record])?;
    session.execute("INSERT INTO erased_record (entity, record) VALUES ($1, $2)", binds![number, record]).map(drop)
}

/// An account keeps its number, which the log names and no other may get; nothing else of it remains.
fn erase_account(session: &Session, resident: i64) -> Result<(), StoreError> {
    let text = "SELECT id, actor FROM account WHERE resident = $1";
    let Some((id, actor)) = session.first(text, binds![resident], |row| Ok((row.integer(0)?, row.text(1)?)))? else { return Ok(()) };
    let damaged = |reason| StoreError::damaged("an account's rights", reason);
    let mut actor: linli_scope::Actor = serde_json::from_str(&actor).map_err(damaged)?;
    (actor.resident, actor.roles, actor.regions) = (None, Vec::new(), Vec::new());
    let actor = serde_json::to_string(&actor).map_err(damaged)?;
    session.execute("DELETE FROM session WHERE account = $1", binds![id])?;
    let text = "UPDATE account SET login = $1, name = $2, password = '', actor = $3, resident = NULL WHERE id = $4";
    session.execute(text, binds![format!("erased {id}"), NOBODY, &actor, id]).map(drop)
}

/// Takes a person out of the log, in one transaction with the entry that records it. Returns how many entries it
/// reached.
pub(crate) fn erase(tail: &mut Tail, log: &Session, subject: u64, entry: Entry) -> Result<u64, StoreError> {
    if log.dialect() == Dialect::Sqlite {
        // What is written over is to be gone from the file too.
        log.batch("PRAGMA secure_delete = ON")?;
    }
    let (frontier, entries) = log.transaction(|| rewrite(tail, log, subject, entry))?;
    tail.frontier = frontier;
    Ok(entries)
}

fn rewrite(tail: &Tail, log: &Session, subject: u64, mut entry: Entry) -> Result<(Frontier, u64), StoreError> {
    let mut rewriting = Rewriting { log, subject, by: tail.frontier.size() + 1, tally: Tally::default() };
    for place in places(log, subject)? {
        rewriting.entries(&place)?;
        if place.block {
            rewriting.block(&place)?;
        }
    }
    let erased = rewriting.tally.finish();
    entry.erased = Some(erased);
    Ok((tail.write(log, &[entry.encode()])?, erased.entries))
}

/// Finds out whether every entry about the person can do without them.
fn refuse_unerasable(log: &Session, subject: u64) -> Result<(), StoreError> {
    for place in places(log, subject)? {
        each_entry(log, &place, |row| match row.without(subject, u64::MAX, &[]) {
            Ok(_) => Ok(()),
            Err(reason) => Err(StoreError::Unerasable(reason)),
        })?;
    }
    Ok(())
}

/// Entries behind `after` and up to `last`, among which some may be about the person.
struct Place {
    after: u64,
    last: u64,
    /// Whether a block of the index holds them.
    block: bool,
}

/// The blocks of the index that hold the person, and what no block holds yet.
fn places(log: &Session, subject: u64) -> Result<Vec<Place>, StoreError> {
    let (mut found, mut indexed) = (Vec::new(), 0);
    loop {
        let text = "SELECT body FROM log_block WHERE first > $1 ORDER BY first LIMIT 16";
        let blocks = log.all(text, binds![as_signed(indexed)], |row| block(row.bytes(0)?))?;
        let Some(last) = blocks.last().map(|block| block.last) else { break };
        indexed = last;
        let holding = blocks.into_iter().filter(|block| block.contains(subject));
        found.extend(holding.map(|block| Place { after: block.first - 1, last: block.last, block: true }));
    }
    found.push(Place { after: indexed, last: u64::MAX, block: false });
    Ok(found)
}

fn each_entry(log: &Session, place: &Place, mut each: impl FnMut(&Stored) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let mut after = place.after;
    while after < place.last {
        let text = format!("{COLUMNS} WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3");
        let mut rows = log.all(&text, binds![as_signed(after), as_signed(place.last), STEP], stored)?;
        let Some(reached) = rows.last().map(|row| row.sequence) else { return Ok(()) };
        let text = format!("{ERASURES} WHERE seq > $1 AND seq <= $2 ORDER BY seq, erasure");
        let erasures = log.all(&text, binds![as_signed(after), as_signed(reached)], erasure)?;
        give(&mut rows, &erasures);
        rows.iter().try_for_each(&mut each)?;
        after = reached;
    }
    Ok(())
}

/// An erasure under way.
struct Rewriting<'a> {
    log: &'a Session,
    subject: u64,
    by: u64,
    tally: Tally,
}

impl Rewriting<'_> {
    fn entries(&mut self, place: &Place) -> Result<(), StoreError> {
        let log = self.log;
        each_entry(log, place, |row| self.entry(row))
    }

    fn entry(&mut self, row: &Stored) -> Result<(), StoreError> {
        let salt = new_salts(1)?;
        let without = row.without(self.subject, self.by, &salt);
        let without = without.map_err(|reason| StoreError::damaged(format!("entry {} of the log", row.sequence), reason))?;
        let Some(without) = without else { return Ok(()) };
        let Some(erasure) = without.erasures.last() else { return Ok(()) };
        let sequence = as_signed(row.sequence);
        let text = "UPDATE access_log SET subjects = $1, salt = $2 WHERE seq = $3";
        self.log.execute(text, binds![&without.subjects[..], &without.salt[..], sequence])?;
        let text = "INSERT INTO log_erasure (seq, erasure, committed_before, committed_after) VALUES ($1, $2, $3, $4)";
        let (before, after) = (erasure.before.as_bytes(), erasure.after.as_bytes());
        self.log.execute(text, binds![sequence, as_signed(self.by), &before[..], &after[..]])?;
        self.tally.add(row.sequence, &erasure.after);
        Ok(())
    }

    /// Takes the person out of a block of the index.
    fn block(&self, place: &Place) -> Result<(), StoreError> {
        let first = as_signed(place.after + 1);
        let found = self.log.first("SELECT body FROM log_block WHERE first = $1", binds![first], |row| block(row.bytes(0)?))?;
        let Some(mut block) = found else { return Ok(()) };
        block.subjects.remove(self.subject);
        self.log.execute("UPDATE log_block SET body = $1 WHERE first = $2", binds![&block.encode()[..], first]).map(drop)
    }
}
