//! `linli grant review|approve|narrow|revoke|list`.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::http::{Client, localized, text_of};
use crate::Server;
use crate::output::say;

/// As much of a digest as a list shows: its algorithm and 12 digits.
const DIGEST_SHOWN: usize = "sha256:".len() + 12;

/// `linli grant …`.
#[derive(Subcommand)]
pub enum Command {
    /// 列出 List grants and requests.
    List(Server),
    /// 查看 See what is asked and what is allowed.
    Review(One),
    /// 批准 Put a request in force.
    Approve {
        #[command(flatten)]
        one: One,
        /// When it ends, RFC 3339; else as requested.
        #[arg(long)]
        expires: Option<String>,
    },
    /// 收窄 Take something away.
    Narrow(Narrow),
    /// 撤销 End a grant, at once.
    Revoke {
        #[command(flatten)]
        one: One,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// Which grant.
#[derive(Args)]
pub struct One {
    /// The grant's number.
    id: i64,
    #[command(flatten)]
    server: Server,
}

/// What to take away.
#[derive(Args)]
pub struct Narrow {
    #[command(flatten)]
    one: One,
    /// A field that is no longer granted, `resident.phone`.
    #[arg(long = "drop-field", value_name = "ENTITY.FIELD")]
    drop_fields: Vec<String>,
    /// A field that is from now on shown masked, `resident.name`.
    #[arg(long = "mask-field", value_name = "ENTITY.FIELD")]
    mask_fields: Vec<String>,
    /// A predicate that may no longer be asked, `resident.lives_here`.
    #[arg(long = "drop-check", value_name = "ENTITY.CHECK")]
    drop_checks: Vec<String>,
    /// A table that may no longer be asked for, `resident.elders-by-grid`.
    #[arg(long = "drop-table", value_name = "ENTITY.TABLE")]
    drop_tables: Vec<String>,
    /// The regions that remain.
    #[arg(long = "region", value_name = "CODE")]
    regions: Vec<String>,
    /// A further condition, `resident: age >= 90`.
    #[arg(long, value_name = "ENTITY: CONDITION")]
    and_where: Option<String>,
    /// An earlier end, RFC 3339.
    #[arg(long)]
    expires: Option<String>,
    /// Fewer rows a call.
    #[arg(long)]
    rows_per_call: Option<u32>,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::List(server) => list(server),
        Command::Review(one) => show(&Client::signed_in(&one.server)?.get(&format!("/grants/{}", one.id))?),
        Command::Approve { one, expires } => {
            decide(one, "approve", &expires.as_ref().map_or(json!({}), |expires| json!({"expires": expires})))
        }
        Command::Narrow(narrow) => decide(&narrow.one, "narrow", &narrowing(narrow)?),
        Command::Revoke { one, reason } => decide(one, "revoke", &json!({"reason": reason})),
    }
}

fn decide(one: &One, what: &str, body: &Value) -> Result<()> {
    show(&Client::signed_in(&one.server)?.post(&format!("/grants/{}/{what}", one.id), body)?)
}

fn narrowing(narrow: &Narrow) -> Result<Value> {
    let mut body = Map::new();
    for (key, list) in [
        ("drop-fields", &narrow.drop_fields),
        ("mask-fields", &narrow.mask_fields),
        ("drop-checks", &narrow.drop_checks),
        ("drop-tables", &narrow.drop_tables),
        ("regions", &narrow.regions),
    ] {
        if !list.is_empty() {
            body.insert(key.into(), json!(list));
        }
    }
    if let Some(text) = &narrow.and_where {
        let Some((entity, condition)) = text.split_once(':') else { bail!("--and-where takes `ENTITY: CONDITION`") };
        body.insert("and-where".into(), json!({"entity": entity.trim(), "condition": condition.trim()}));
    }
    if let Some(expires) = &narrow.expires {
        body.insert("expires".into(), json!(expires));
    }
    if let Some(rows) = narrow.rows_per_call {
        body.insert("rows-per-call".into(), json!(rows));
    }
    if body.is_empty() {
        bail!(
            "nothing to narrow: say --drop-field, --mask-field, --drop-check, --drop-table, --region, --and-where, --expires or --rows-per-call"
        );
    }
    Ok(body.into())
}

fn list(server: &Server) -> Result<()> {
    let answer = Client::signed_in(server)?.get("/grants")?;
    for grant in answer.get("grants").and_then(Value::as_array).into_iter().flatten() {
        say!(
            "{:4}  {:10}  {} {}  {}  until {}",
            grant.get("id").and_then(Value::as_i64).unwrap_or_default(),
            text_of(grant, "state"),
            text_of(grant, "plugin"),
            text_of(grant, "plugin_version"),
            text_of(grant, "digest").get(..DIGEST_SHOWN).unwrap_or_default(),
            text_of(grant, "expires")
        )?;
    }
    Ok(())
}

fn show(grant: &Value) -> Result<()> {
    say!(
        "授权 Grant {}  {} {}  {}",
        grant.get("id").unwrap_or(&Value::Null),
        text_of(grant, "plugin"),
        text_of(grant, "plugin_version"),
        localized(grant.get("name"))
    )?;
    say!("  状态 state     {}", text_of(grant, "state"))?;
    say!("  单位 publisher {}", grant.pointer("/publisher/name").and_then(Value::as_str).unwrap_or("?"))?;
    say!("  组件 component {}", text_of(grant, "digest"))?;
    say!("  到期 expires   {}", text_of(grant, "expires"))?;
    for purpose in grant.get("purposes").and_then(Value::as_array).into_iter().flatten() {
        say!(
            "  目的 purpose   {}: {}\n                 {}",
            text_of(purpose, "id"),
            localized(purpose.get("title")),
            text_of(purpose, "legal-basis")
        )?;
    }
    for access in grant.get("accesses").and_then(Value::as_array).into_iter().flatten() {
        show_access(access)?;
    }
    Ok(())
}

fn show_table(table: &Value) -> Result<()> {
    let by = table.get("by").and_then(Value::as_array).into_iter().flatten();
    let by: Vec<_> = by.filter_map(Value::as_str).collect();
    let measure = table.get("measure").unwrap_or(&Value::Null);
    say!("      table     {}: {measure} by {}  {}", text_of(table, "name"), by.join(", "), localized(table.get("title")))?;
    match text_of(table, "where") {
        "" => Ok(()),
        condition => say!("                where {condition}"),
    }
}

fn show_access(access: &Value) -> Result<()> {
    let list = |key: &str| {
        access.get(key).and_then(Value::as_array).map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
    };
    let bound = if access.get("bound").and_then(Value::as_bool) == Some(true) { ", bound blocks only" } else { "" };
    say!(
        "  [[access]] {} {} ({}{bound})",
        access.get("access").unwrap_or(&Value::Null),
        text_of(access, "entity"),
        list("operations").unwrap_or_default()
    )?;
    for key in ["where", "and_where"] {
        if !text_of(access, key).is_empty() {
            say!("      {key:9} {}", text_of(access, key))?;
        }
    }
    if let Some(regions) = list("regions") {
        say!("      regions   {regions}")?;
    }
    for (name, check) in access.get("checks").and_then(Value::as_object).into_iter().flatten() {
        say!("      check     {name}: {}", check.as_str().unwrap_or_default())?;
    }
    for table in access.get("tables").and_then(Value::as_array).into_iter().flatten() {
        show_table(table)?;
    }
    for field in access.get("fields").and_then(Value::as_array).into_iter().flatten() {
        let allowed = match text_of(field, "allowed") {
            "" => "— not granted",
            mode => mode,
        };
        say!(
            "      {:20} {:10} asked {:7} allowed {allowed}  {}",
            text_of(field, "field"),
            text_of(field, "classification"),
            text_of(field, "asked"),
            localized(field.get("title"))
        )?;
    }
    if let Some(public) = list("public").filter(|public| !public.is_empty()) {
        say!("      public    {public}")?;
    }
    Ok(())
}
