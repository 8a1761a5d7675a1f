//! Witnesses that the operator does not control: each is asked to cosign the newest checkpoint, by the C2SP
//! [tlog-witness] protocol. Answers to callers never wait for one.
//!
//! [tlog-witness]: https://c2sp.org/tlog-witness

use std::time::Duration;

use linli_audit::WitnessKey;
use linli_audit::witness::AddCheckpoint;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How long a witness may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read, bytes.
const ANSWER: u64 = 10_000;
/// How often a witness is asked, where nothing else is said.
const EVERY: u64 = 10;

/// A witness, and how it is reached.
#[derive(Clone, Debug)]
pub struct Witness {
    /// Where its `add-checkpoint` is.
    pub url: String,
    /// Its key.
    pub key: WitnessKey,
    /// How often it is asked, at most.
    pub every: Duration,
}

/// Text that names no witnesses.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Not TOML, or not of this form.
    #[error("{0}")]
    Form(String),
    /// A key that is none of a witness.
    #[error("the key of {url}: {reason}")]
    Key {
        /// Whose.
        url: String,
        /// Why.
        reason: linli_audit::KeyError,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    witness: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Named {
    url: String,
    key: String,
    every_seconds: Option<u64>,
}

impl Witness {
    /// Reads `witnesses.toml`: of each `[[witness]]` its `url`, its `key` and, if other than 10, `every-seconds`.
    pub fn read_all(text: &str) -> Result<Vec<Self>, WitnessError> {
        let file: File = toml::from_str(text).map_err(|reason| WitnessError::Form(reason.to_string()))?;
        let read = |named: Named| {
            let key = named.key.parse().map_err(|reason| WitnessError::Key { url: named.url.clone(), reason })?;
            let every = Duration::from_secs(named.every_seconds.unwrap_or(EVERY).max(1));
            Ok(Self { url: named.url.trim_end_matches('/').to_owned(), key, every })
        };
        file.witness.into_iter().map(read).collect()
    }
}

/// Asks a witness until the end. What it refuses is an error for the operator, who has to look into it.
pub(crate) async fn keep_asking(app: App, witness: Witness, stop: CancellationToken) {
    let mut seen = None;
    loop {
        if let Err(reason) = ask(&app, &witness, &mut seen).await {
            tracing::error!(witness = witness.key.name(), %reason, "a witness did not cosign");
        }
        tokio::select! {
            () = tokio::time::sleep(witness.every) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Asks for the newest checkpoint, unless the witness signed it. `seen` is the size it signed last, where that is known.
async fn ask(app: &App, witness: &Witness, seen: &mut Option<u64>) -> Result<(), String> {
    let store = app.store();
    let newest = store.newest_checkpoints(None, 1).await.map_err(|error| error.to_string())?;
    let Some((size, note)) = newest.into_iter().next() else { return Ok(()) };
    if *seen == Some(size) || witness.key.seen(&note).is_ok() {
        *seen = Some(size);
        return Ok(());
    }
    // The second time with the size that the witness says it saw.
    for _ in 0..2 {
        let old = seen.unwrap_or(0);
        let proof = store.consistency(old, size).await.map_err(|error| error.to_string())?;
        let proof = proof.ok_or_else(|| format!("it saw {old} entries, but this log has {size}: was an older state restored?"))?;
        let request = AddCheckpoint { old, proof, note: note.clone() };
        match post(witness.url.clone(), request.to_string()).await? {
            (200, lines) => {
                witness.key.seen(&format!("{note}{lines}")).map_err(|error| format!("its cosignature can't be used: {error}"))?;
                store.add_cosignature(size, witness.key.name(), &lines).await.map_err(|error| error.to_string())?;
                *seen = Some(size);
                return Ok(());
            }
            (409, text) => *seen = Some(text.trim().parse().map_err(|_| "it names no size".to_owned())?),
            (status, text) => return Err(format!("it answers {status}: {}", text.trim().escape_debug())),
        }
    }
    Err("it saw another tree of this size, or cannot make up its mind".to_owned())
}

async fn post(url: String, body: String) -> Result<(u16, String), String> {
    let send = move || -> Result<(u16, String), ureq::Error> {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
        let mut answer = agent.post(format!("{url}/add-checkpoint")).send(body)?;
        let text = answer.body_mut().with_config().limit(ANSWER).read_to_string()?;
        Ok((answer.status().as_u16(), text))
    };
    tokio::task::spawn_blocking(send).await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn witnesses_are_read_and_what_is_none_is_refused() {
        let key = linli_audit::Cosigner::new("w", &[1; 32]).unwrap().witness().to_string();
        let read = Witness::read_all(&format!("[[witness]]\nurl = \"http://w/\"\nkey = \"{key}\"\n")).unwrap();
        assert_eq!((read[0].url.as_str(), read[0].key.to_string(), read[0].every), ("http://w", key, Duration::from_secs(10)));
        assert!(Witness::read_all("[[witness]]\nurl = \"u\"\nkey = \"k\"").unwrap_err().to_string().starts_with("the key of u"));
        assert!(matches!(Witness::read_all("[[witness]]\nurl = \"u\"\nkey = \"k\"\nsize = 1"), Err(WitnessError::Form(_))));
    }
}
