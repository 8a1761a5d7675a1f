//! Changes that were asked under a key of the caller's, so that asking again changes nothing more.
//!
//! A key is taken before the work begins. What was answered is kept in the transaction of the change itself, so that a host that
//! dies leaves either both or neither: a key without an answer is one whose change was not made, and whoever asks again
//! under it makes it. The key then belongs to that start of the host; one that still works on it can't commit any more.

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
    /// Nothing was done under it: it is the caller's now, until it is finished or released.
    New,
    /// Another request has it.
    Other,
    /// The same request is under way.
    Running,
    /// The same request was done, and answered so.
    Done(String),
}

/// Writes an answer from what was made.
type Answer<T> = Box<dyn FnOnce(&T) -> Result<String, String> + Send>;

/// What is kept under a key together with a change, in its transaction; nothing where there is no key.
pub struct Once<T: ?Sized>(Option<(Asked, Answer<T>)>);

impl<T: ?Sized> Default for Once<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: ?Sized + 'static> Once<T> {
    /// Keeps what `answer` makes of what was made. An answer that can't be written undoes the change.
    pub fn answered(asked: Asked, answer: impl FnOnce(&T) -> Result<String, String> + Send + 'static) -> Self {
        Self(Some((asked, Box::new(answer))))
    }

    /// Settles the key, in the transaction of the change.
    pub(crate) fn settle(self, session: &Session, made: &T) -> Result<(), StoreError> {
        let Some((asked, answer)) = self.0 else { return Ok(()) };
        let answer = answer(made).map_err(|reason| StoreError::damaged("an answer", reason))?;
        if finish(session, &asked, &answer)? { Ok(()) } else { Err(StoreError::Overtaken) }
    }
}

impl<T: 'static> Once<T> {
    /// The same for a change that makes something else, of which `part` is what is answered.
    pub fn of<U: ?Sized + 'static>(self, part: impl FnOnce(&U) -> Result<T, String> + Send + 'static) -> Once<U> {
        match self.0 {
            None => Once::default(),
            Some((asked, answer)) => Once::answered(asked, move |made| answer(&part(made)?)),
        }
    }
}

/// A word that is kept under a key with each change of a request that makes several, until its answer takes its place.
#[derive(Clone, Debug, Default)]
pub struct Mark(Option<(Asked, String)>);

impl Mark {
    /// This word, under the key of this request.
    pub fn new(asked: Asked, word: String) -> Self {
        Self(Some((asked, word)))
    }

    /// For one of the changes.
    pub fn once<T: ?Sized + 'static>(&self) -> Once<T> {
        self.0.clone().map_or_else(Once::default, |(asked, word)| Once::answered(asked, move |_| Ok(word)))
    }
}

impl Store {
    /// Takes a key for a request, or says what became of it. Keys of yesterday are forgotten on the way.
    pub async fn claim(&self, asked: Asked) -> Result<Claim, StoreError> {
        self.administer(None, move |session| claim(session, &asked)).await
    }

    /// Keeps what a request was answered.
    pub async fn finish_claim(&self, asked: Asked, answer: String) -> Result<(), StoreError> {
        self.administer(None, move |session| finish(session, &asked, &answer).map(drop)).await
    }

    /// Gives a key back whose request changed nothing; one that has an answer keeps it.
    pub async fn release_claim(&self, asked: Asked) -> Result<(), StoreError> {
        let text = "DELETE FROM request_claim WHERE actor = $1 AND key = $2 AND run = $3 AND answer IS NULL";
        self.administer(None, move |session| session.execute(text, binds![asked.actor, &asked.key, &asked.run]).map(drop)).await
    }
}

/// Takes the answers that name somebody by this token out of what is kept under keys: of them remains that they were given.
pub(crate) fn forget(session: &Session, token: &str, word: &str) -> Result<(), StoreError> {
    let text = "UPDATE request_claim SET answer = $1 WHERE answer LIKE $2";
    session.execute(text, binds![word, format!("%{token}%")]).map(drop)
}

/// Whether the key is still that of this start of the host.
fn finish(session: &Session, asked: &Asked, answer: &str) -> Result<bool, StoreError> {
    let text = "UPDATE request_claim SET answer = $1 WHERE actor = $2 AND key = $3 AND run = $4";
    Ok(session.execute(text, binds![answer, asked.actor, &asked.key, &asked.run])? == 1)
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
    match before {
        None | Some((false, ..)) => Ok(Claim::Other),
        Some((true, _, Some(answer))) => Ok(Claim::Done(answer)),
        Some((true, true, None)) => Ok(Claim::Running),
        Some((true, false, None)) => {
            let text = "UPDATE request_claim SET run = $1, at = $2 WHERE actor = $3 AND key = $4";
            session.execute(text, binds![&asked.run, asked.now, asked.actor, &asked.key])?;
            Ok(Claim::New)
        }
    }
}
