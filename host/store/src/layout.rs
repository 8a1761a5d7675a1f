//! Which column of a read's statement holds what. A column that is wanted twice is asked for once.

use linli_model::{EntityType, Field, Origin, RegionTree, SubjectPath, entity};
use linli_scope::Read;
use linli_scope::plan::{Link, Output};

use crate::label;
use crate::relation;
use crate::sql::{Order, Sql};

/// The columns of one read, and what is found in which.
#[derive(Debug, Default)]
pub(crate) struct Layout<'a> {
    columns: Vec<Column<'a>>,
    /// Of each output of the read.
    pub outputs: Vec<usize>,
    /// Of each sort key.
    pub orders: Vec<usize>,
    /// Of the record itself.
    pub own: Account,
    /// Of what each link of the read leads to.
    pub links: Vec<Account>,
}

/// A column of the record, or of what a link leads to.
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
        layout.own = layout.account(None, &read.entity);
        layout.links = read.links.iter().enumerate().map(|(at, link)| layout.account(Some(at), &link.entity)).collect();
        layout
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

    fn account(&mut self, link: Option<usize>, entity: &'a EntityType) -> Account {
        let id = self.column(link, entity::ID);
        let region = entity.region_column().map(|column| self.column(link, column));
        let subjects = subject_columns(entity).map(|column| self.column(link, column)).collect();
        let label = entity.is_labelled().then(|| {
            // They are read one behind the other.
            self.columns.extend(label::COLUMNS.map(|column| (link, column)));
            self.columns.len() - label::COLUMNS.len()
        });
        Account { id, region, subjects, label }
    }

    fn column(&mut self, link: Option<usize>, name: &'a str) -> usize {
        let wanted = (link, name);
        self.columns.iter().position(|column| *column == wanted).unwrap_or_else(|| {
            self.columns.push(wanted);
            self.columns.len() - 1
        })
    }

    /// The columns as a statement's select list.
    pub fn select(&self, out: &mut Sql, read: &Read, regions: &RegionTree) {
        for (at, (link, name)) in self.columns.iter().enumerate() {
            out.sql(if at == 0 { "SELECT " } else { ", " });
            match link.and_then(|link| read.links.get(link)) {
                Some(link) => relation::linked(out, read, link, name, regions),
                None => out.sql(name),
            }
        }
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
