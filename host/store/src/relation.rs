//! Declared references as SQL: what they lead to, in a subselect of one value that is null where they lead nowhere.

use linli_model::{Date, EntityType, RegionTree};
use linli_scope::Read;
use linli_scope::plan::Link;
use linli_scope::predicate::{Comparison, Operator, Step};

use crate::sql::{self, Sql};

/// One reference and the entity type that it leads to.
type Hop<'a> = (&'a str, &'a EntityType);

/// A comparison of the record that references lead to.
pub(crate) fn along(out: &mut Sql, entity: &EntityType, steps: &[Step], compared: &Comparison, today: Date) {
    let hops: Vec<Hop<'_>> = steps.iter().map(|step| (step.field.as_str(), &*step.target)).collect();
    let (aliases, Some((_, target))) = (aliases(out, hops.len()), hops.last()) else { return out.sql("1 = 0") };
    let end = aliases.last().map_or("", String::as_str);
    let is_known = compared.operator == Operator::Has;
    if is_known {
        out.sql("EXISTS (SELECT 1");
    } else {
        out.sql("(SELECT ");
        out.within(end, |out| sql::comparison(out, target, compared, today));
    }
    chain(out, entity, &aliases, &hops);
    if is_known {
        out.sql(" AND ");
        out.within(end, |out| sql::comparison(out, target, compared, today));
    }
    out.sql(")");
}

/// A column of what a read's link leads to: null unless every record on the way is within its own reach.
pub(crate) fn linked(out: &mut Sql, read: &Read, link: &Link, column: &str, regions: &RegionTree) {
    let mut links = vec![link];
    while let Some(before) = links.last().and_then(|link| link.from).and_then(|from| read.links.get(from)) {
        links.push(before);
    }
    links.reverse();
    let hops: Vec<Hop<'_>> = links.iter().map(|link| (link.reference.as_str(), &*link.entity)).collect();
    let aliases = aliases(out, hops.len());
    let end = aliases.last().map_or("", String::as_str);
    out.sql("(SELECT ");
    out.within(end, |out| out.column(column));
    chain(out, &read.entity, &aliases, &hops);
    for (alias, link) in aliases.iter().zip(links) {
        out.within(alias, |out| sql::bounds(out, &link.entity, &link.bounds, read.today, regions));
    }
    // PostgreSQL would call it by its column's name, and an order by that name would be of either.
    out.sql(&format!(") AS {end}_value"));
}

fn aliases(out: &mut Sql, number: usize) -> Vec<String> {
    (0..number).map(|_| out.fresh_alias()).collect()
}

/// ` FROM a AS f1 JOIN b AS f2 ON f2.id = f1.reference WHERE f1.id = outer.reference`
fn chain(out: &mut Sql, entity: &EntityType, aliases: &[String], hops: &[Hop<'_>]) {
    let outer = out.table(entity).to_owned();
    for (at, (alias, (reference, target))) in aliases.iter().zip(hops).enumerate() {
        out.sql(if at == 0 { " FROM " } else { " JOIN " });
        out.sql(&format!("{} AS {alias}", target.table));
        if let Some(before) = at.checked_sub(1).and_then(|before| aliases.get(before)) {
            out.sql(&format!(" ON {alias}.id = {before}.{reference}"));
        }
    }
    if let (Some(alias), Some((reference, _))) = (aliases.first(), hops.first()) {
        out.sql(&format!(" WHERE {alias}.id = {outer}.{reference}"));
    }
}
