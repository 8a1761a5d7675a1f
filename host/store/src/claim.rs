//! Changes that were asked under a key of the caller's, so that asking again changes nothing more.

use crate::Store;
use crate::database::{Cells as _, Session, binds};
use crate::error::StoreError;

/// How long a key is remembered, milliseconds.
const KEPT: i64 = 24 * 3_600 * 1_000;

/// A request under a key.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The account's number.
    pub actor: i64,
    /// The caller's key.
    pub key: String,
    /// A hash of all that makes the request what it is.
    pub fingerprint: [u8; 32],
    /// Which start of the host works on it.
    pub run: String,
    /// Now, milliseconds since 1970.
    pub now: i64,
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody used it before: it is the caller's now, until it is finished or released.
    New,
    /// Another request has it.
    Other,
    /// The same request is under way.
    Running,
    /// The host ended while it worked on the same request.
    Unknown,
    /// The same request was done, and answered so.
    Done(String),
}

impl Store {
    /// Takes a key for a request, or says what became of it. Keys of yesterday are forgotten on the way.
    pub async fn claim(&self, asked: Asked) -> Result<Claim, StoreError> {
        self.administer(None, move |session| claim(session, &asked)).await
    }

    /// Keeps what a request was answered.
    pub async fn finish_claim(&self, asked: &Asked, answer: String) -> Result<(), StoreError> {
        let (actor, key) = (asked.actor, asked.key.clone());
        let text = "UPDATE request_claim SET answer = $1 WHERE actor = $2 AND key = $3";
        self.administer(None, move |session| session.execute(text, binds![&answer, actor, &key]).map(drop)).await
    }

    /// Gives a key back whose request changed nothing.
    pub async fn release_claim(&self, asked: &Asked) -> Result<(), StoreError> {
        let (actor, key) = (asked.actor, asked.key.clone());
        let text = "DELETE FROM request_claim WHERE actor = $1 AND key = $2";
        self.administer(None, move |session| session.execute(text, binds![actor, &key]).map(drop)).await
    }
}

fn claim(session: &Session, asked: &Asked) -> Result<Claim, StoreError> {
    session.execute("DELETE FROM request_claim WHERE at < $1", binds![asked.now - KEPT])?;
    let taken = session.execute(
        "INSERT INTO request_claim (actor, key, fingerprint, run, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (actor, key) DO NOTHING",
        binds![asked.actor, &asked.key, &asked.fingerprint[..], &asked.run, asked.now],
    )?;
    if taken == 1 {
        return Ok(Claim::New);
    }
    let text = "SELECT fingerprint, run, answer FROM request_claim WHERE actor = $1 AND key = $2";
    let before = session.first(text, binds![asked.actor, &asked.key], |row| {
        Ok((row.bytes(0)? == asked.fingerprint, row.text(1)? == asked.run, row.optional_text(2)?.map(ToOwned::to_owned)))
    })?;
    Ok(match before {
        None | Some((false, ..)) => Claim::Other,
        Some((true, _, Some(answer))) => Claim::Done(answer),
        Some((true, true, None)) => Claim::Running,
        Some((true, false, None)) => Claim::Unknown,
    })
}
