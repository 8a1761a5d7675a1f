//! Declared references as SQL: what they lead to, in a subselect of one value that is null where they lead nowhere.

use linli_model::{Date, EntityType, RegionTree};
use linli_scope::Read;
use linli_scope::plan::Link;
use linli_scope::predicate::{Comparison, Operator, Predicate, Step};

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

/// A way by which a statement comes to other records: along links, each of which reaches no further than its own bounds, and on
/// from there as a condition does, which looks at what there is.
pub(crate) struct Way<'a> {
    links: Vec<&'a Link>,
    steps: &'a [Step],
    /// What it leads to.
    pub entity: &'a EntityType,
}

impl<'a> Way<'a> {
    /// Those of a read: its links in their order, then what the conditions of its records and of what links lead to look at.
    pub fn all(read: &'a Read) -> Vec<Self> {
        let along = |link: &'a Link| {
            let mut links = vec![link];
            while let Some(before) = links.last().and_then(|link| link.from).and_then(|from| read.links.get(from)) {
                links.push(before);
            }
            links.reverse();
            links
        };
        let links = read.links.iter().map(|link| Self { links: along(link), steps: &[], entity: &link.entity });
        let looked_at = read.links.iter().flat_map(|link| Self::of(&[&link.bounds.condition], &along(link)));
        links.chain(Self::of(&[&read.bounds.condition], &[])).chain(looked_at).collect()
    }

    /// Those of conditions on what links lead to, each once.
    pub fn of(conditions: &[&'a Predicate], links: &[&'a Link]) -> Vec<Self> {
        let way = |steps: &'a [Step]| steps.last().map(|last| Self { links: links.to_vec(), steps, entity: &last.target });
        Predicate::ways(conditions).into_iter().filter_map(way).collect()
    }

    /// A column of what it leads to: null where it leads nowhere.
    pub fn column(&self, out: &mut Sql, entity: &EntityType, column: &str, today: Date, regions: &RegionTree) {
        let links = self.links.iter().map(|link| (link.reference.as_str(), &*link.entity));
        let hops: Vec<Hop<'_>> = links.chain(self.steps.iter().map(|step| (step.field.as_str(), &*step.target))).collect();
        let aliases = aliases(out, hops.len());
        let end = aliases.last().map_or("", String::as_str);
        out.sql("(SELECT ");
        out.within(end, |out| out.column(column));
        chain(out, entity, &aliases, &hops);
        for (alias, link) in aliases.iter().zip(&self.links) {
            out.within(alias, |out| sql::bounds(out, &link.entity, &link.bounds, today, regions));
        }
        // PostgreSQL would call it by its column's name, and an order by that name would be of either.
        out.sql(&format!(") AS {end}_value"));
    }
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
