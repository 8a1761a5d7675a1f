//! Lengths and names, which the types of a block do not carry.

use crate::block::{Block, Column, Form, FormTarget, Input, InputKind, RowAction, Stat, Table, Target};
use crate::error::ViewError;
use crate::limit::{self, Checked};
use crate::scalar::{Pairs, Scalar};
use crate::text::Text;

pub(crate) fn block(block: &Block<'_>) -> Checked {
    match block {
        Block::Text(prose) => limit::text("text", &prose.text, limit::PROSE),
        Block::Stat(items) => items.iter().try_for_each(stat),
        Block::Table(block) => table(block),
        Block::Record(record) => {
            label("title", record.title.as_ref())?;
            columns(&record.columns)
        }
        Block::Form(block) => form(block),
        Block::Qr(qr) => {
            target("params", &qr.target)?;
            label("caption", qr.caption.as_ref())
        }
        Block::Link(link) => {
            target("params", &link.target)?;
            label("title", Some(&link.title))
        }
    }
}

pub(crate) fn target(member: &str, target: &Target<'_>) -> Checked {
    limit::path("page", &target.page)?;
    pairs(member, &target.params)
}

fn label(member: &str, text: Option<&Text<'_>>) -> Checked {
    text.map_or(Ok(()), |text| limit::text(member, text, limit::LABEL))
}

fn stat(stat: &Stat<'_>) -> Checked {
    label("items.label", Some(&stat.label))?;
    scalar("items.value", &stat.value, limit::LABEL)?;
    label("items.unit", stat.unit.as_ref())
}

fn table(table: &Table<'_>) -> Checked {
    label("title", table.title.as_ref())?;
    columns(&table.columns)?;
    table.actions.iter().try_for_each(row_action)?;
    table.next.as_ref().map_or(Ok(()), |next| target("next", next))
}

fn row_action(action: &RowAction<'_>) -> Checked {
    limit::name("actions.action", &action.action)?;
    label("actions.title", Some(&action.title))?;
    for (name, key) in action.input.iter() {
        limit::name("actions.input", name)?;
        limit::length("actions.input", key, limit::NAME)?;
    }
    pairs("actions.with", &action.with)
}

fn columns(columns: &[Column<'_>]) -> Checked {
    if columns.is_empty() {
        return Err(ViewError::new("columns", "at least one is needed"));
    }
    for column in columns {
        limit::length("columns.key", &column.key, limit::NAME)?;
        label("columns.title", Some(&column.title))?;
    }
    Ok(())
}

fn form(form: &Form<'_>) -> Checked {
    match &form.to {
        FormTarget::Action(action) => limit::name("action", action)?,
        FormTarget::Page(page) => {
            limit::path("page", page)?;
            // Its inputs end up in an address, which is kept in histories and in other people's logs.
            if form.fields.iter().any(|field| field.input == InputKind::Resident) {
                return Err(ViewError::new("fields.input", "a form that leads to a page asks for no `resident`"));
            }
        }
    }
    label("submit", Some(&form.submit))?;
    form.fields.iter().try_for_each(input)?;
    limit::distinct("fields.key", form.fields.iter().map(|field| field.key.as_str()))
}

fn input(input: &Input<'_>) -> Checked {
    limit::name("fields.key", &input.key)?;
    label("fields.title", Some(&input.title))?;
    scalar("fields.value", &input.value, limit::VALUE)?;
    label("fields.help", input.help.as_ref())?;
    for option in &input.options {
        scalar("fields.options", &option.value, limit::VALUE)?;
        label("fields.options", Some(&option.title))?;
    }
    if input.input != InputKind::Select && !input.options.is_empty() {
        return Err(ViewError::new("fields.options", "only a `select` has options"));
    }
    Ok(())
}

fn pairs(member: &str, pairs: &Pairs<'_, Scalar<'_>>) -> Checked {
    for (name, value) in pairs.iter() {
        limit::name(member, name)?;
        scalar(member, value, limit::VALUE)?;
    }
    Ok(())
}

fn scalar(member: &str, value: &Scalar<'_>, max: usize) -> Checked {
    match value {
        Scalar::Text(text) => limit::length(member, text, max),
        _ => Ok(()),
    }
}
