//! `/admin/grants/{id}`: what a grant would reveal, and narrowing it to what is used.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use linli_runtime::Decision;
use linli_runtime::preview::{Place, Preview, Seen, SeenField};
use linli_scope::survey::Figure;
use linli_scope::{Grant, Narrowing};
use linli_store::Once;
use linli_store::survey::Alike;
use linli_view::Text;
use linli_view::html::pages::{Bar, PreviewAccess, PreviewField, PreviewPage};
use linli_view::route;

use super::flash;
use super::frame::Trouble;
use super::visit::{Posted, Reader, html};
use super::wording::{self, moment, text};
use crate::administration;
use crate::app::App;
use crate::problem::Problem;

/// Communities that are drawn.
const DRAWN: usize = 40;

/// `GET /admin/grants/{id}`.
pub(super) async fn show(State(app): State<App>, Path(id): Path<i64>, reader: Reader) -> Result<Response, Trouble> {
    administration::act(&app, &reader.signed_in, "decide-grant").await?;
    let grant = find(&app, id).await?;
    let preview = app.runtime().preview(reader.actor(), &grant, Timestamp::now()).await.map_err(Problem::from)?;
    let plugin = app.plugin(&grant.plugin)?;
    let accesses: Vec<_> = preview.accesses.iter().map(access).collect();
    let page = PreviewPage {
        viewer: &reader.viewer(),
        grant: id,
        version: grant.version,
        plugin: text(&plugin.manifest.plugin.name),
        accesses: &accesses,
        compared_with: preview.compared_with,
        differences: &differences(&preview),
        unused: &preview.unused,
        flash: reader.flash(),
    };
    Ok(html(page.render()))
}

/// `POST /admin/grants/{id}/narrow-to-used`.
pub(super) async fn narrow_to_used(State(app): State<App>, Path(id): Path<i64>, posted: Posted) -> Result<Response, Trouble> {
    let back = |problem: Problem| Trouble::from(problem).back(route::grant(id));
    administration::act(&app, &posted.reader.signed_in, "decide-grant").await?;
    let grant = find(&app, id).await?;
    posted.fields.check_version("grant", grant.version).map_err(back)?;
    let narrowing = app.runtime().narrowing_to_used(&grant, Timestamp::now()).await.map_err(|error| back(error.into()))?;
    let decision = Decision::Narrow(Box::new(narrowing));
    app.runtime().decide(posted.reader.actor(), grant, &decision, Once::default()).await.map_err(|error| back(error.into()))?;
    let csrf = &posted.reader.signed_in.session.csrf;
    Ok(flash::go("已收窄到实际使用的字段，即时生效。", "Narrowed to the fields in use; in force at once.", csrf, &route::grant(id))?)
}

/// `POST /admin/grants/{id}/drop-unattended` with `entity`.
pub(super) async fn drop_unattended(State(app): State<App>, Path(id): Path<i64>, posted: Posted) -> Result<Response, Trouble> {
    let back = |problem: Problem| Trouble::from(problem).back(route::grant(id));
    administration::act(&app, &posted.reader.signed_in, "decide-grant").await?;
    let grant = find(&app, id).await?;
    posted.fields.check_version("grant", grant.version).map_err(back)?;
    let narrowing = Narrowing { drop_unattended: vec![posted.fields.get("entity").to_owned()], ..Narrowing::default() };
    let decision = Decision::Narrow(Box::new(narrowing));
    app.runtime().decide(posted.reader.actor(), grant, &decision, Once::default()).await.map_err(|error| back(error.into()))?;
    let csrf = &posted.reader.signed_in.session.csrf;
    Ok(flash::go("已收窄：只在有人操作时提供，即时生效。", "Narrowed to people; in force at once.", csrf, &route::grant(id))?)
}

async fn find(app: &App, id: i64) -> Result<Grant, Problem> {
    let grants = app.store().grants().await?;
    grants.into_iter().find(|grant| grant.id == id).ok_or_else(|| Problem::not_found(format!("there is no grant {id}")))
}

fn access(seen: &Seen) -> PreviewAccess<'_> {
    let operations: Vec<_> = seen.operations.iter().map(|operation| operation.as_str()).collect();
    let columns: Vec<&SeenField> = match seen.examples.first() {
        Some(first) => seen.fields.iter().filter(|field| first.contains_key(&field.field)).collect(),
        None => Vec::new(),
    };
    let cell = |value: Option<&serde_json::Value>| match value {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let most = seen.communities.iter().map(length).max().unwrap_or(0);
    PreviewAccess {
        title: seen.title.as_ref().map_or(Text::plain(&seen.entity), text),
        what: format!("{} · {}", seen.purpose, operations.join(", ")),
        unattended: seen.unattended.then_some(seen.entity.as_str()),
        records: records(seen),
        communities: seen.communities.iter().take(DRAWN).map(|place| bar(place, most)).collect(),
        told: seen.alike.as_ref().map(told).unwrap_or_default(),
        regions: regions(seen),
        fields: seen.fields.iter().map(field).collect(),
        examples: seen.examples.iter().map(|row| columns.iter().map(|column| cell(row.get(&column.field))).collect()).collect(),
        columns: columns.into_iter().map(title).collect(),
    }
}

fn title(field: &SeenField) -> Text<'_> {
    field.title.as_ref().map_or(Text::plain(&field.field), text)
}

fn field(field: &SeenField) -> PreviewField<'_> {
    PreviewField {
        title: title(field),
        classification: field.classification.map_or(Text::plain("?"), wording::classification),
        mode: wording::mode(field.mode),
        last_used: field.last_used.map(moment),
    }
}

fn records(seen: &Seen) -> Text<'static> {
    let unit = if seen.of_people { ("人", "people") } else { ("条", "records") };
    match seen.records {
        Some(figure) => Text::from(format!("{} {} {}", figure_words(figure), unit.0, unit.1)),
        None => Text::both(
            "条件所用字段高于您的查阅级别，不显示数量",
            "the condition tests a field above your clearance, so no numbers are told",
        ),
    }
}

fn regions(seen: &Seen) -> Text<'static> {
    match &seen.regions {
        None => Text::both("全部", "all"),
        Some(regions) => {
            let named = |place: &Place| place.name.clone().unwrap_or_else(|| place.code.clone());
            Text::from(regions.iter().map(named).collect::<Vec<_>>().join("、"))
        }
    }
}

fn told(alike: &Alike) -> Vec<Text<'static>> {
    let percent = |percent: Option<i64>| percent.map(|percent| format!("（约 {percent}%）")).unwrap_or_default();
    let mut told = Vec::new();
    if !alike.identifiers.is_empty() {
        told.push(Text::from(format!("单独即可识别到人 one field is enough: {}", alike.identifiers.join(", "))));
    }
    let unique = figure_words(alike.unique);
    told.push(Text::from(format!("其余字段合起来可区分 told apart by the other fields: {unique} 人{}", percent(alike.unique_percent))));
    if !alike.together.is_empty() {
        let together = alike.together.join(" + ");
        told.push(Text::from(format!(
            "合起来识别半数以上 together they tell at least half: {together}{}",
            percent(alike.together_percent)
        )));
    }
    told
}

fn bar(place: &Place, most: i64) -> Bar<'_> {
    let said = place.records.map(figure_words).unwrap_or_default();
    Bar { name: place.name.as_deref().unwrap_or(&place.code), said, value: length(place), most }
}

fn length(place: &Place) -> i64 {
    match place.records {
        Some(Figure::About(number)) => number,
        Some(Figure::Few) | None => 0,
    }
}

fn figure_words(figure: Figure) -> String {
    match figure {
        Figure::Few => "少于 8".to_owned(),
        Figure::About(number) => format!("约 {number}"),
    }
}

fn differences(preview: &Preview) -> Vec<(String, Vec<String>)> {
    let signed = |sign: char, facts: &[String]| facts.iter().map(|fact| format!("{sign} {fact}")).collect::<Vec<_>>();
    let each = preview.differences.iter().map(|difference| {
        let facts = [signed('+', &difference.added), signed('-', &difference.removed)].concat();
        (format!("{} · {}", difference.entity, difference.purpose), facts)
    });
    each.collect()
}
