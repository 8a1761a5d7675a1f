//! Which column of a statement holds what. A column that is wanted twice is asked for once.

use linli_model::{Date, EntityType, Field, Origin, RegionTree, SubjectPath, entity};
use linli_scope::plan::{Link, Output};
use linli_scope::{Check, Read};

use crate::label;
use crate::relation::Way;
use crate::sql::{Order, Sql};

/// The columns of one read or check, and what is found in which.
#[derive(Default)]
pub(crate) struct Layout<'a> {
    columns: Vec<Column<'a>>,
    /// Of each output of the read.
    pub outputs: Vec<usize>,
    /// Of each sort key.
    pub orders: Vec<usize>,
    /// Of the record itself.
    pub own: Account,
    /// By which other records are come to: the links of a read, then what conditions look at.
    pub ways: Vec<Way<'a>>,
    /// Of what each way leads to.
    pub far: Vec<Account>,
}

/// A column of the record, or of what a way leads to.
type Column<'a> = (Option<usize>, &'a str);

/// Where a row says which record it is, where that lies, whom it concerns and what its label says.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub id: usize,
    pub region: Option<usize>,
    /// Of each reference among the subject paths.
    pub subjects: Vec<usize>,
    /// The first of the label's columns.
    pub label: Option<usize>,
}

impl<'a> Layout<'a> {
    pub fn of(read: &'a Read, orders: &[Order<'a>]) -> Self {
        let mut layout = Self::default();
        layout.outputs = read.outputs.iter().map(|output| layout.output(read, *output)).collect();
        layout.orders = orders.iter().map(|order| layout.column(None, order.column)).collect();
        layout.accounts(&read.entity, Way::all(read));
        layout
    }

    /// Of a check, which shows nothing.
    pub fn of_check(check: &'a Check) -> Self {
        let mut layout = Self::default();
        layout.accounts(&check.entity, Way::of(&[&check.predicate, &check.bounds.condition], &[]));
        layout
    }

    fn accounts(&mut self, entity: &'a EntityType, ways: Vec<Way<'a>>) {
        self.own = self.account(None, entity);
        self.far = ways.iter().enumerate().map(|(at, way)| self.account(Some(at), way.entity)).collect();
        self.ways = ways;
    }

    fn output(&mut self, read: &'a Read, output: Output) -> usize {
        let column = match output {
            Output::Id => entity::ID,
            Output::Version => entity::VERSION,
            Output::Field(..) | Output::Linked(..) => field(read, output).map_or(entity::ID, source_column),
        };
        let at = if let Output::Linked(link, ..) = output { Some(link) } else { None };
        self.column(at, column)
    }

    fn account(&mut self, way: Option<usize>, entity: &'a EntityType) -> Account {
        let id = self.column(way, entity::ID);
        let region = entity.region_column().map(|column| self.column(way, column));
        let subjects = subject_columns(entity).map(|column| self.column(way, column)).collect();
        let label = entity.is_labelled().then(|| {
            // They are read one behind the other.
            self.columns.extend(label::COLUMNS.map(|column| (way, column)));
            self.columns.len() - label::COLUMNS.len()
        });
        Account { id, region, subjects, label }
    }

    fn column(&mut self, way: Option<usize>, name: &'a str) -> usize {
        let wanted = (way, name);
        self.columns.iter().position(|column| *column == wanted).unwrap_or_else(|| {
            self.columns.push(wanted);
            self.columns.len() - 1
        })
    }

    /// The columns as a statement's select list.
    pub fn select(&self, out: &mut Sql, entity: &EntityType, today: Date, regions: &RegionTree) {
        for (at, (way, name)) in self.columns.iter().enumerate() {
            out.sql(if at == 0 { "SELECT " } else { ", " });
            match way.and_then(|way| self.ways.get(way)) {
                Some(way) => way.column(out, entity, name, today, regions),
                None => out.sql(name),
            }
        }
    }

    /// The number of the columns, which is that of the first one behind them.
    pub fn width(&self) -> usize {
        self.columns.len()
    }
}

/// The field that an output shows, and the link at whose end it is.
pub(crate) fn field(read: &Read, output: Output) -> Option<&Field> {
    let (entity, index) = match output {
        Output::Field(index, _) => (&read.entity, index),
        Output::Linked(link, index, _) => (&read.links.get(link)?.entity, index),
        Output::Id | Output::Version => return None,
    };
    entity.fields.get_index(index).map(|(_, field)| field)
}

/// The link that leads to an output's record.
pub(crate) fn link(read: &Read, output: Output) -> Option<&Link> {
    if let Output::Linked(link, ..) = output { read.links.get(link) } else { None }
}

/// The column that holds a field, or that it is derived from.
pub(crate) fn source_column(field: &Field) -> &str {
    match &field.origin {
        Origin::AgeOf(source) => source,
        Origin::Stored | Origin::Implicit => &field.name,
    }
}

/// The references among an entity type's subject paths.
pub(crate) fn subject_columns(entity: &EntityType) -> impl Iterator<Item = &str> {
    entity.subjects.iter().filter_map(|subject| match subject {
        SubjectPath::Own => None,
        SubjectPath::Reference(name) => Some(name.as_str()),
    })
}
