//! `linli audit defer|erase|measures|approve|refuse|lift`: what two people decide about a resident.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::http::{Client, text_of};
use crate::Server;
use crate::output::say;

/// The part of `linli audit` that is about measures.
#[derive(Subcommand)]
pub enum Command {
    /// 申请暂缓告知 Ask that a resident may not see for a time what an application does.
    Defer {
        #[command(flatten)]
        asked: Asked,
        /// The application, by id.
        #[arg(long)]
        application: String,
        /// One of its purposes; else all of them.
        #[arg(long)]
        purpose: Option<String>,
        /// From when on, RFC 3339; else from now on.
        #[arg(long)]
        since: Option<String>,
        /// When it ends, RFC 3339; at most 366 days from now.
        #[arg(long)]
        until: String,
    },
    /// 申请抹除 Ask that a resident is taken out of everything that is kept.
    Erase(Asked),
    /// 列出 List what was asked and decided.
    Measures(Server),
    /// 批准 Put a measure in force that another person asked for. An erasure is done at once, and for good.
    Approve(One),
    /// 不批准 Refuse a measure that another person asked for.
    Refuse(One),
    /// 解除 End a deferral before its time.
    Lift(One),
}

/// What every measure must say.
#[derive(Args)]
pub struct Asked {
    /// The resident's id, as the console shows it.
    #[arg(long)]
    resident: String,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Under which law.
    #[arg(long)]
    legal_basis: String,
    #[command(flatten)]
    server: Server,
}

/// Which measure.
#[derive(Args)]
pub struct One {
    /// Its number.
    id: i64,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::Defer { asked, application, purpose, since, until } => {
            let mut body = words(asked);
            body.insert("application".into(), json!(application));
            body.insert("until".into(), json!(until));
            for (name, value) in [("purpose", purpose), ("since", since)] {
                body.extend(value.iter().map(|value| (name.to_owned(), json!(value))));
            }
            show(&Client::signed_in(&asked.server)?.post("/audit/deferrals", &body.into())?)
        }
        Command::Erase(asked) => show(&Client::signed_in(&asked.server)?.post("/audit/erasures", &words(asked).into())?),
        Command::Measures(server) => {
            let answer = Client::signed_in(server)?.get("/audit/measures")?;
            answer.get("measures").and_then(Value::as_array).into_iter().flatten().try_for_each(show)
        }
        Command::Approve(one) => decide(one, "approve"),
        Command::Refuse(one) => decide(one, "refuse"),
        Command::Lift(one) => decide(one, "lift"),
    }
}

fn words(asked: &Asked) -> Map<String, Value> {
    let words = [("resident", &asked.resident), ("reason", &asked.reason), ("legal_basis", &asked.legal_basis)];
    words.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

fn decide(one: &One, what: &str) -> Result<()> {
    show(&Client::signed_in(&one.server)?.post(&format!("/audit/measures/{}/{what}", one.id), &json!({}))?)
}

fn show(measure: &Value) -> Result<()> {
    let number = measure.get("id").and_then(Value::as_i64).unwrap_or_default();
    let (kind, state) = (text_of(measure, "kind"), text_of(measure, "state"));
    say!("{number:4}  {state:8}  {kind} {}  {}", text_of(measure, "resident"), text_of(measure, "application"))?;
    if kind == "deferral" {
        say!("      {} – {}", text_of(measure, "since"), text_of(measure, "until"))?;
    }
    if let Some(erased) = measure.get("erased") {
        say!("      erased: {erased}")?;
    }
    match (text_of(measure, "reason"), text_of(measure, "legal_basis")) {
        ("", _) => Ok(()),
        (reason, legal_basis) => say!("      {reason} · {legal_basis}"),
    }
}
