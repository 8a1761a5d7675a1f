//! `linli break-glass list|open|end|review`.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::http::{Client, text_of};
use crate::Server;
use crate::output::say;

/// `linli break-glass …`.
#[derive(Subcommand)]
pub enum Command {
    /// 列出 List emergencies, newest first: auditors and admins all of them, others their own.
    List(Server),
    /// 启动应急访问 Break the glass over an emergency purpose, for yourself alone.
    Open(Open),
    /// 立即结束 End one before its time.
    End(One),
    /// 复核 Say whether one that has ended was right (auditors, not of their own).
    Review {
        #[command(flatten)]
        one: One,
        /// What you found.
        #[arg(long, value_enum)]
        outcome: Outcome,
        /// On what the finding rests. It names nobody.
        #[arg(long)]
        note: String,
    },
}

/// What, why and for how long.
#[derive(Args)]
pub struct Open {
    /// The plugin.
    #[arg(long)]
    plugin: String,
    /// One of its emergency purposes.
    #[arg(long)]
    purpose: String,
    /// What kind of emergency it is: life-and-health, natural-disaster, accident, public-health or public-safety. Residents see it.
    #[arg(long)]
    cause: String,
    /// Why, for the auditors. Of the event; it names nobody.
    #[arg(long)]
    reason: String,
    /// For so many minutes, at most 240.
    #[arg(long, default_value_t = 60)]
    minutes: i64,
    #[command(flatten)]
    server: Server,
}

/// Which one.
#[derive(Args)]
pub struct One {
    /// Its number.
    id: i64,
    #[command(flatten)]
    server: Server,
}

/// What an auditor found.
#[derive(Clone, Copy, ValueEnum)]
pub enum Outcome {
    /// There was an emergency, and this was needed.
    Justified,
    /// There was none, or less would have done.
    Unjustified,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::List(server) => list(server),
        Command::Open(open) => {
            let body = json!({"plugin": open.plugin, "purpose": open.purpose, "cause": open.cause, "reason": open.reason, "minutes": open.minutes});
            show(&Client::signed_in(&open.server)?.post("/break-glass", &body)?)
        }
        Command::End(one) => show(&Client::signed_in(&one.server)?.post(&format!("/break-glass/{}/end", one.id), &json!({}))?),
        Command::Review { one, outcome, note } => {
            let outcome = match outcome {
                Outcome::Justified => "justified",
                Outcome::Unjustified => "unjustified",
            };
            let body = json!({"outcome": outcome, "note": note});
            show(&Client::signed_in(&one.server)?.post(&format!("/break-glass/{}/review", one.id), &body)?)
        }
    }
}

fn list(server: &Server) -> Result<()> {
    let client = Client::signed_in(server)?;
    let mut answer = client.get("/break-glass")?;
    if let Some(unreviewed) = answer.get("unreviewed").and_then(Value::as_u64) {
        say!("待复核 not reviewed: {unreviewed}")?;
    }
    loop {
        answer.get("break_glass").and_then(Value::as_array).into_iter().flatten().try_for_each(show)?;
        let Some(next) = answer.get("next").and_then(Value::as_i64) else { return Ok(()) };
        answer = client.get(&format!("/break-glass?before={next}"))?;
    }
}

fn show(glass: &Value) -> Result<()> {
    let at = |pointer: &str| glass.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    say!(
        "{:4}  {:15}  {} {}  {}  {}",
        glass.get("id").and_then(Value::as_i64).unwrap_or_default(),
        text_of(glass, "state"),
        text_of(glass, "plugin"),
        text_of(glass, "purpose"),
        text_of(glass, "cause"),
        at("/by/name")
    )?;
    say!("      {} – {}", text_of(glass, "opened"), text_of(glass, "expires"))?;
    say!("      {}", text_of(glass, "reason"))?;
    if !at("/ended/at").is_empty() {
        say!("      提前结束 ended {} by {}", at("/ended/at"), at("/ended/by/name"))?;
    }
    if !at("/review/outcome").is_empty() {
        say!("      复核 {} by {}: {}", at("/review/outcome"), at("/review/by/name"), at("/review/note"))?;
    }
    Ok(())
}
