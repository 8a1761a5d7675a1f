//! Bound blocks: the host runs their queries under the same scope, past the plugin.

use std::collections::BTreeMap;

use linli_model::Value;
use linli_scope::decide::Ask;
use linli_scope::{Channel, Denial, DenialKind, Operator};
use linli_store::StoreError;
use linli_view::bound::{Bound, Comparison};
use linli_view::limit;
use linli_view::scalar::Scalar;

use crate::imports::records::seal;
use crate::invocation::{Refused, State};

/// What fills one bound block.
#[derive(Clone, Debug, Default)]
pub struct Filling {
    /// A table's JSON array, or a record's JSON object or `null`.
    pub json: String,
    /// Where a table goes on.
    pub next: Option<String>,
}

/// Runs the queries of a view's bound blocks. `after` holds the positions that the caller carries, by block.
pub(crate) async fn run<'v>(
    state: &mut State,
    bound: impl Iterator<Item = (usize, &'v Bound<'v>)>,
    after: &BTreeMap<usize, String>,
) -> Result<BTreeMap<usize, Filling>, Refused> {
    let mut fillings = BTreeMap::new();
    for (block, query) in bound {
        let filled = one(state, query, after.get(&block)).await;
        if let Err(Refused::Denied(denial)) = &filled {
            state.ledger.denied(if query.table.is_some() { "aggregate" } else { "read" }, denial);
        }
        fillings.insert(block, filled?);
    }
    Ok(fillings)
}

/// One block, under the grant as it stands now.
async fn one(state: &mut State, query: &Bound<'_>, after: Option<&String>) -> Result<Filling, Refused> {
    state.circumstances.renew().map_err(Refused::Denied)?;
    match &query.table {
        Some(table) => tabulate(state, query.entity.as_str(), table.as_str()).await,
        None => rows(state, query, after).await,
    }
}

async fn tabulate(state: &mut State, entity: &str, table: &str) -> Result<Filling, Refused> {
    let tabulated = state.tabulate(Channel::Bound, entity, table).await?;
    let most = limit::ROWS;
    if tabulated.groups > most as u64 {
        return Err(Refused::Store(StoreError::TooManyGroups { table: table.to_owned(), most }));
    }
    Ok(Filling { json: tabulated.json, next: None })
}

async fn rows(state: &mut State, query: &Bound<'_>, after: Option<&String>) -> Result<Filling, Refused> {
    let mut ask = ask(query).map_err(Refused::Denied)?;
    ask.after = after.cloned().or(ask.after);
    let scope = state.circumstances.scope.clone();
    let read = match scope.read(&state.circumstances.caller(Channel::Bound), &ask) {
        Ok(read) => read,
        Err(denial) if denial.kind == DenialKind::NotFound => return Ok(Filling { json: "null".to_owned(), next: None }),
        Err(denial) => return Err(Refused::Denied(denial)),
    };
    let rows = state.store.read_within(&read, state.limits.row_bytes).await.map_err(Refused::Store)?;
    state.take_rows_a_day(&read, rows.count).await?;
    state.ledger.read("read", &read, &rows);
    let next = rows.last.as_ref().filter(|_| rows.more && ask.id.is_none()).and_then(|position| seal(&scope, position, &read.shape));
    let json = match ask.id {
        Some(_) => {
            let row = rows.json.strip_prefix('[').and_then(|json| json.strip_suffix(']'));
            row.filter(|row| !row.is_empty()).unwrap_or("null").to_owned()
        }
        None => rows.json,
    };
    Ok(Filling { json, next })
}

fn ask(query: &Bound<'_>) -> Result<Ask, Denial> {
    let mut filter = Vec::with_capacity(query.filter.len());
    for condition in &query.filter {
        let values = condition.values.iter().map(|value| typed(value, &condition.field)).collect::<Result<_, _>>()?;
        filter.push((condition.field.to_string(), operator(condition.op), values));
    }
    Ok(Ask {
        entity: query.entity.to_string(),
        fields: query.fields.iter().map(|field| field.to_string()).collect(),
        filter,
        sort: query.sort.iter().map(|key| (key.field.to_string(), key.descending)).collect(),
        after: query.after.as_ref().map(|after| after.to_string()),
        limit: query.limit,
        id: query.id.as_ref().map(|id| id.to_string()),
    })
}

fn operator(comparison: Comparison) -> Operator {
    match comparison {
        Comparison::Eq => Operator::Equal,
        Comparison::Ne => Operator::NotEqual,
        Comparison::Lt => Operator::Less,
        Comparison::Le => Operator::LessOrEqual,
        Comparison::Gt => Operator::Greater,
        Comparison::Ge => Operator::GreaterOrEqual,
        Comparison::In => Operator::In,
        Comparison::Prefix => Operator::Prefix,
        Comparison::Has => Operator::Has,
    }
}

fn typed(value: &Scalar<'_>, field: &str) -> Result<Value, Denial> {
    Ok(match value {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Boolean(*value),
        Scalar::Integer(number) => Value::Integer(*number),
        Scalar::Text(text) => Value::Text(text.to_string()),
        Scalar::Float(_) => return Err(Denial::new(DenialKind::Invalid, format!("filter on `{field}`: write decimals as text"))),
    })
}
