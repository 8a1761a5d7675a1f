//! The `table` block.

use maud::{Markup, html};

use crate::block::{Content, RowAction, Table};
use crate::html::blocks::{BlockContext, cell, json_of};
use crate::html::{bilingual, label, layout};
use crate::route;
use crate::rows::{self, Row};
use crate::splice::Filled;
use crate::view::View;

pub(crate) fn table(context: &BlockContext<'_>, view: &View<'_>, index: usize, table: &Table<'_>, filled: Option<&Filled<'_>>) -> Markup {
    let rows = rows::read_table(json_of(&table.content, filled).unwrap_or("[]"));
    let caption = table.title.as_ref().unwrap_or(&view.title);
    let caption_class = if table.title.is_some() { "caption" } else { "visually-hidden" };
    html! {
        section.card.listing {
            @if rows.is_empty() {
                @if let Some(title) = &table.title { h2 { (bilingual(title)) } }
                (layout::empty())
            } @else {
                div.scroll tabindex="0" role="region" aria-label=(caption) {
                    table {
                        caption { span class=(caption_class) { (bilingual(caption)) } }
                        (head(context, table))
                        tbody { @for row in &rows { (line(context, table, row)) } }
                    }
                }
            }
            @if matches!(&table.content, Content::Bound(bound) if bound.table.is_some()) {
                p.hint { (label("人数较少的组不显示，数字已取整。", "Groups of few people are left out; figures are rounded.")) }
            }
            @if let Some(next) = next(context, index, table, filled) {
                p.next { a.button.quiet rel="next" href=(next) { (label("下一页", "Next page")) } }
            }
        }
    }
}

fn has_actions(context: &BlockContext<'_>, table: &Table<'_>) -> bool {
    context.csrf.is_some() && !table.actions.is_empty()
}

fn head(context: &BlockContext<'_>, table: &Table<'_>) -> Markup {
    html! {
        thead { tr {
            @for column in &table.columns { th scope="col" { (bilingual(&column.title)) } }
            @if has_actions(context, table) { th.tools scope="col" { (label("操作", "Actions")) } }
        } }
    }
}

/// A row; its first cell names it. `data-label` stands before a cell on a phone, where rows become cards.
fn line(context: &BlockContext<'_>, table: &Table<'_>, row: &Row) -> Markup {
    html! {
        tr {
            @for (index, column) in table.columns.iter().enumerate() {
                @let cell = cell(context, row, &column.key, &column.format);
                @if index == 0 { th scope="row" { (cell) } }
                @else { td data-label=(column.title.zh()) { (cell) } }
            }
            @if let Some(csrf) = context.csrf.filter(|_| !table.actions.is_empty()) {
                td.tools { div.buttons { @for action in &table.actions { (button(context, table, csrf, action, row)) } } }
            }
        }
    }
}

/// A button that posts the action with inputs from the row. Its accessible name says which row it is of.
fn button(context: &BlockContext<'_>, table: &Table<'_>, csrf: &str, action: &RowAction<'_>, row: &Row) -> Markup {
    let subject = table.columns.first().and_then(|column| row.get(column.key.as_str())).map(rows::shown);
    html! {
        form method="post" action=(route::action(context.plugin, &action.action)) {
            (context.hidden(csrf))
            @for (name, key) in action.input.iter() {
                input type="hidden" name=(name) value=(row.get(key.as_str()).map(rows::sent).unwrap_or_default());
            }
            @for (name, value) in action.with.iter() { input type="hidden" name=(name) value=(value); }
            button.small type="submit" {
                (bilingual(&action.title))
                @if let Some(subject) = subject { span.visually-hidden { "：" (subject) } }
            }
        }
    }
}

fn next(context: &BlockContext<'_>, index: usize, table: &Table<'_>, filled: Option<&Filled<'_>>) -> Option<String> {
    let given = table.next.as_ref().map(|target| context.address(target));
    given.or_else(|| Some(context.here_with(&route::cursor_param(index), filled?.next.as_deref()?)))
}
