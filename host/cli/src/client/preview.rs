//! `linli grant preview`: what a grant would reveal, in numbers.

use anyhow::Result;
use serde_json::Value;

use super::http::{localized, text_of};
use crate::output::say;

/// Communities that are listed.
const LISTED: usize = 12;
/// Columns of the longest bar.
const BAR: usize = 30;

/// Prints a preview.
pub fn show(preview: &Value) -> Result<()> {
    say!("授权 Grant {}  {}", preview.get("grant").unwrap_or(&Value::Null), text_of(preview, "plugin"))?;
    for access in list(preview, "accesses") {
        show_access(access)?;
    }
    match preview.get("compared_with").and_then(Value::as_i64) {
        None => say!("  没有更早的授权可比 there is no earlier grant to compare with")?,
        Some(before) => show_differences(before, list(preview, "differences"))?,
    }
    let unused: Vec<_> = list(preview, "unused").iter().filter_map(Value::as_str).collect();
    if !unused.is_empty() {
        say!("  九十天内未使用 not used within 90 days: {}", unused.join(", "))?;
    }
    Ok(())
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn show_access(access: &Value) -> Result<()> {
    let operations: Vec<_> = list(access, "operations").iter().filter_map(Value::as_str).collect();
    say!("  [[access]] {} {} ({})", access.get("access").unwrap_or(&Value::Null), localized(access.get("title")), operations.join(", "))?;
    match access.get("withheld").and_then(Value::as_str) {
        Some(reason) => say!("      不显示数量 numbers are withheld: {reason}")?,
        None => show_numbers(access)?,
    }
    let regions: Vec<_> =
        list(access, "regions").iter().map(|region| format!("{} {}", text_of(region, "code"), text_of(region, "name"))).collect();
    say!("      区划 regions: {}", if regions.is_empty() { "全部 all".to_owned() } else { regions.join("; ") })?;
    for field in list(access, "fields") {
        let used = match text_of(field, "last_used") {
            "" => "从未使用 never used",
            last => last,
        };
        say!(
            "      {:20} {:10} {:7} {}  {used}",
            text_of(field, "field"),
            text_of(field, "classification"),
            text_of(field, "mode"),
            localized(field.get("title"))
        )?;
    }
    for example in list(access, "examples") {
        say!("      示例（虚构）made up: {example}")?;
    }
    Ok(())
}

fn show_numbers(access: &Value) -> Result<()> {
    let people = access.get("of_people").and_then(Value::as_bool) == Some(true);
    say!("      {} {}", if people { "人数 people:" } else { "记录数 records:" }, figure(access.get("records")))?;
    let communities = list(access, "communities");
    let most = communities.iter().map(about).max().unwrap_or(0).max(1);
    for place in communities.iter().take(LISTED) {
        let bar = "█".repeat(usize::try_from(about(place)).unwrap_or(0) * BAR / usize::try_from(most).unwrap_or(1));
        say!("        {:30} {:>8} {bar}", text_of(place, "name"), figure(place.get("records")))?;
    }
    if communities.len() > LISTED {
        say!("        … 另有 {} 个 more", communities.len() - LISTED)?;
    }
    let Some(alike) = access.get("alike").filter(|alike| alike.is_object()) else { return Ok(()) };
    let names = |member: &str| list(alike, member).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" + ");
    let percent = |member: &str| alike.get(member).and_then(Value::as_i64).map(|percent| format!(" ({percent} %)")).unwrap_or_default();
    if !names("identifiers").is_empty() {
        say!("      单独即可识别 identify a person alone: {}", names("identifiers"))?;
    }
    say!("      其余字段合起来可区分 told apart by the other fields: {}{}", figure(alike.get("unique")), percent("unique_percent"))?;
    if !names("together").is_empty() {
        say!("      合起来识别半数以上 together tell at least half apart: {}{}", names("together"), percent("together_percent"))?;
    }
    Ok(())
}

fn show_differences(before: i64, differences: &[Value]) -> Result<()> {
    say!("  与授权 {before} 相比 compared with grant {before}:")?;
    if differences.is_empty() {
        return say!("      没有变化 nothing is new");
    }
    for difference in differences {
        say!("      {} · {}", text_of(difference, "entity"), text_of(difference, "purpose"))?;
        for (sign, member) in [("+", "added"), ("-", "removed")] {
            for fact in list(difference, member).iter().filter_map(Value::as_str) {
                say!("        {sign} {fact}")?;
            }
        }
    }
    Ok(())
}

fn about(place: &Value) -> i64 {
    place.pointer("/records/about").and_then(Value::as_i64).unwrap_or(0)
}

fn figure(figure: Option<&Value>) -> String {
    let number = |member: &str| figure.and_then(|figure| figure.get(member)).and_then(Value::as_i64);
    match (number("about"), number("fewer_than")) {
        (Some(about), _) => format!("≈{about}"),
        (None, Some(fewer)) => format!("<{fewer}"),
        (None, None) => "?".to_owned(),
    }
}
