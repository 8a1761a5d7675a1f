//! The blocks of a view as HTML.

use maud::{Markup, html};

use crate::block::{Block, Content, Format, Link, Prose, Qr, Record, Stat, Target};
use crate::html::layout::{self, notice};
use crate::html::{Names, bilingual, form, label, qr, table};
use crate::route;
use crate::rows::{self, Row};
use crate::splice::Filled;
use crate::view::View;

/// Where blocks are shown.
#[derive(Clone, Copy)]
pub struct BlockContext<'a> {
    /// The plugin's id.
    pub plugin: &'a str,
    /// Path of the page within the plugin, `/` and on.
    pub page: &'a str,
    /// Parameters that the page was asked for with.
    pub params: &'a [(String, String)],
    /// Scheme and authority that codes lead to: `https://linli.example`.
    pub origin: &'a str,
    /// CSRF token of the session; without one no forms and row actions are shown.
    pub csrf: Option<&'a str>,
    /// Names of codes.
    pub names: &'a dyn Names,
}

/// What `fill` found for each bound block, see [`View::render_json`].
pub type Fill<'f> = dyn Fn(usize) -> Option<Filled<'f>> + 'f;

/// All blocks of a view.
pub fn blocks(context: &BlockContext<'_>, view: &View<'_>, fill: &Fill<'_>) -> Markup {
    html! {
        @for (index, block) in view.blocks.iter().enumerate() {
            @match block {
                Block::Text(prose) => (self::prose(prose)),
                Block::Stat(items) => (stat(items)),
                Block::Table(table) => (table::table(context, view, index, table, fill(index).as_ref())),
                Block::Record(record) => (self::record(context, record, fill(index).as_ref())),
                Block::Form(form) => (form::form(context, index, form)),
                Block::Qr(qr) => (code(context, qr)),
                Block::Link(link) => (self::link(context, link)),
            }
        }
    }
}

impl BlockContext<'_> {
    /// Address of a page of the plugin.
    pub(crate) fn address(&self, target: &Target<'_>) -> String {
        route::page(self.plugin, &target.page, target.params.iter())
    }

    /// Address of the page itself.
    pub(crate) fn here(&self) -> String {
        route::page(self.plugin, self.page, self.params.iter().map(|(name, value)| (name, value)))
    }

    /// Address of the page itself, with one parameter set anew.
    pub(crate) fn here_with(&self, name: &str, value: &str) -> String {
        let others = self.params.iter().filter(|(key, _)| key != name).map(|(key, value)| (key.as_str(), value.as_str()));
        route::page(self.plugin, self.page, others.chain([(name, value)]))
    }

    /// The hidden fields of each form: CSRF token and where it was sent from.
    pub(crate) fn hidden(&self, csrf: &str) -> Markup {
        let from = format!("{}{}", self.page, route::query(self.params.iter().map(|(name, value)| (name, value))));
        html! {
            (layout::csrf(csrf))
            input type="hidden" name=(route::FROM_FIELD) value=(from);
        }
    }
}

fn prose(prose: &Prose<'_>) -> Markup {
    match prose.tone {
        Some(tone) => notice(tone, &prose.text),
        None => html! { p.prose { (bilingual(&prose.text)) } },
    }
}

fn stat(items: &[Stat<'_>]) -> Markup {
    html! {
        dl.stats {
            @for item in items {
                div.card {
                    dt { (bilingual(&item.label)) }
                    dd {
                        span.figure { (item.value) }
                        @if let Some(unit) = &item.unit { " " span.unit { (bilingual(unit)) } }
                    }
                }
            }
        }
    }
}

fn record(context: &BlockContext<'_>, record: &Record<'_>, filled: Option<&Filled<'_>>) -> Markup {
    let json = json_of(&record.content, filled).unwrap_or("null");
    html! {
        section.card.record {
            @if let Some(title) = &record.title { h2 { (bilingual(title)) } }
            @match rows::read_record(json) {
                Some(row) => dl.pairs {
                    @for column in &record.columns {
                        div { dt { (bilingual(&column.title)) } dd { (cell(context, &row, &column.key, &column.format)) } }
                    }
                },
                None => (layout::empty()),
            }
        }
    }
}

/// The rows to show: the plugin's own, or what the host found.
pub(crate) fn json_of<'t>(content: &'t Content<'_>, filled: Option<&'t Filled<'_>>) -> Option<&'t str> {
    match content {
        Content::Given(raw) => Some(raw.get()),
        Content::Bound(_) => filled.map(|filled| filled.rows_json),
    }
}

/// A value as its column wants it shown.
pub(crate) fn cell(context: &BlockContext<'_>, row: &Row, key: &str, format: &Format<'_>) -> Markup {
    let text = row.get(key).map(rows::shown).unwrap_or_default();
    if text.is_empty() {
        return html! { span.none { "—" } };
    }
    let name = match format {
        Format::Text => None,
        Format::Date => return html! { time.nowrap { (text) } },
        Format::Region => context.names.region(&text),
        Format::Code(list) => context.names.code(list, &text),
    };
    html! { (name.unwrap_or(text)) }
}

fn code(context: &BlockContext<'_>, block: &Qr<'_>) -> Markup {
    let address = format!("{}{}", context.origin, context.address(&block.target));
    html! {
        figure.code {
            @if let Some(svg) = qr::svg(&address) { (svg) }
            figcaption {
                @if let Some(caption) = &block.caption { p { (bilingual(caption)) } }
                a href=(address) { (address) }
            }
        }
    }
}

fn link(context: &BlockContext<'_>, link: &Link<'_>) -> Markup {
    html! { p.link { a.button.quiet href=(context.address(&link.target)) { (bilingual(&link.title)) } } }
}

/// Stands where a form would be if somebody were signed in.
pub(crate) fn sign_in_first() -> Markup {
    html! { p.empty { a href=(route::LOGIN) { (label("登录后可办理", "Log in to proceed")) } } }
}
