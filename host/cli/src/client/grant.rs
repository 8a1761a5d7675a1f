//! `linli grant review|approve|narrow|revoke|list`.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::http::{Client, localized, text_of};
use super::preview;
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
    /// 预览 See what it would reveal: how many people, which fields, what is new, what is used.
    Preview(One),
    /// 批准 Put a request in force.
    Approve {
        #[command(flatten)]
        reviewed: Reviewed,
        /// When it ends, RFC 3339; else as requested.
        #[arg(long)]
        expires: Option<String>,
        /// Impact assessment of sensitive fields: its result in short.
        #[arg(long, requires = "reference")]
        assessment: Option<String>,
        /// The assessment's number or address.
        #[arg(long, requires = "assessment")]
        reference: Option<String>,
    },
    /// 收窄 Take something away.
    Narrow(Narrow),
    /// 撤销 End a grant, at once.
    Revoke {
        #[command(flatten)]
        reviewed: Reviewed,
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

/// Which grant, as it was reviewed.
#[derive(Args)]
pub struct Reviewed {
    #[command(flatten)]
    one: One,
    /// The version that you reviewed: nothing is done if another admin has changed it since. Else the version of now.
    #[arg(long)]
    version: Option<u64>,
}

/// What to take away.
#[derive(Args)]
pub struct Narrow {
    #[command(flatten)]
    reviewed: Reviewed,
    /// To the fields that the plugin has used within the last 90 days.
    #[arg(long, conflicts_with_all = ["drop_fields", "mask_fields", "drop_checks", "drop_tables", "drop_unattended", "regions", "and_where", "expires", "rows_per_call", "rows_per_day"])]
    to_used: bool,
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
    /// No longer given to a schedule or an event, behind which there is no person, `resident`.
    #[arg(long = "drop-unattended", value_name = "ENTITY")]
    drop_unattended: Vec<String>,
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
    /// Fewer rows a day.
    #[arg(long)]
    rows_per_day: Option<u64>,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::List(server) => list(server),
        Command::Review(one) => show(&Client::signed_in(&one.server)?.get(&format!("/grants/{}", one.id))?),
        Command::Preview(one) => preview::show(&Client::signed_in(&one.server)?.get(&format!("/grants/{}/preview", one.id))?),
        Command::Narrow(narrow) if narrow.to_used => decide(&narrow.reviewed, "narrow-to-used", &json!({})),
        Command::Approve { reviewed, expires, assessment, reference } => {
            let assessment = assessment.as_ref().map(|text| json!({"text": text, "reference": reference}));
            decide(reviewed, "approve", &json!({"expires": expires, "assessment": assessment}))
        }
        Command::Narrow(narrow) => decide(&narrow.reviewed, "narrow", &narrowing(narrow)?),
        Command::Revoke { reviewed, reason } => decide(reviewed, "revoke", &json!({"reason": reason})),
    }
}

fn decide(reviewed: &Reviewed, what: &str, body: &Value) -> Result<()> {
    let client = Client::signed_in(&reviewed.one.server)?;
    let path = format!("/grants/{}", reviewed.one.id);
    let version = match reviewed.version {
        Some(version) => Some(format!("\"{version}\"")),
        None => client.version(&path)?,
    };
    show(&client.post_over(version.as_deref(), &format!("{path}/{what}"), body)?)
}

fn narrowing(narrow: &Narrow) -> Result<Value> {
    let mut body = Map::new();
    for (key, list) in [
        ("drop-fields", &narrow.drop_fields),
        ("mask-fields", &narrow.mask_fields),
        ("drop-checks", &narrow.drop_checks),
        ("drop-tables", &narrow.drop_tables),
        ("drop-unattended", &narrow.drop_unattended),
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
    if let Some(rows) = narrow.rows_per_day {
        body.insert("rows-per-day".into(), json!(rows));
    }
    if body.is_empty() {
        bail!("nothing to narrow: say what to take away, see linli grant narrow --help");
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
    say!("  版本 version   {}", grant.get("version").unwrap_or(&Value::Null))?;
    say!("  状态 state     {}", text_of(grant, "state"))?;
    say!("  单位 publisher {}", grant.pointer("/publisher/name").and_then(Value::as_str).unwrap_or("?"))?;
    say!("  组件 component {}", text_of(grant, "digest"))?;
    say!("  到期 expires   {}", text_of(grant, "expires"))?;
    show_eyes(grant)?;
    for purpose in grant.get("purposes").and_then(Value::as_array).into_iter().flatten() {
        let emergency = if purpose.get("emergency").and_then(Value::as_bool) == Some(true) { " (应急 emergency)" } else { "" };
        say!(
            "  目的 purpose   {}{emergency}: {}\n                 {}",
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

/// Who asked, who approved, and what it means for the people concerned.
fn show_eyes(grant: &Value) -> Result<()> {
    say!("  申请 asked by  {}", text_of(grant, "requested_by"))?;
    for approval in grant.get("approvals").and_then(Value::as_array).into_iter().flatten() {
        say!("  批准 approved  {} {}", text_of(approval, "by"), text_of(approval, "at"))?;
    }
    let sensitive: Vec<_> = grant.get("sensitive").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if !sensitive.is_empty() {
        say!("  敏感 sensitive {}: two approvals and an impact assessment", sensitive.join(", "))?;
    }
    if let Some(assessment) = grant.get("assessment").filter(|assessment| assessment.is_object()) {
        say!("  评估 assessed  {}: {}", text_of(assessment, "reference"), text_of(assessment, "text"))?;
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
    let note = |key: &str, note: &'static str| if access.get(key).and_then(Value::as_bool) == Some(true) { note } else { "" };
    let (bound, unattended) = (note("bound", ", bound blocks only"), note("unattended", ", unattended too"));
    say!(
        "  [[access]] {} {} ({}{bound}{unattended})",
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
