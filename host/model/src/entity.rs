//! An entity type as its schema says it, ready for use by scope, store and entry.

use indexmap::IndexMap;

use crate::{Classification, Mask, Members, Text};

/// The implicit field of every entity type with a region: the 12-digit code of its community.
pub const COMMUNITY: &str = "community";
/// The implicit field that holds the grid cell where the region comes by way of a reference.
pub const GRID: &str = "grid";
/// Always readable: the record's token.
pub const ID: &str = "id";
/// Always readable: the record's version, counted from 1.
pub const VERSION: &str = "version";

/// `resident`, `household`, or a plugin's own `civil-affairs.elder-allowance/decision`.
#[derive(Clone, Debug)]
pub struct EntityType {
    /// The full name.
    pub name: String,
    /// The number in tokens; assigned once by the store, never reused.
    pub number: u16,
    /// The SQL table.
    pub table: String,
    /// What people call it.
    pub title: Text,
    /// Where a record lies.
    pub region: RegionSource,
    /// Whom a record concerns.
    pub subjects: Vec<SubjectPath>,
    /// Whom it concerns besides: those who lead to it.
    pub members: Option<Members>,
    /// Fields whose value no two records share.
    pub keys: Vec<String>,
    /// Indexes beside the primary key; each ends in the record number.
    pub indexes: Vec<Vec<String>>,
    /// Who is responsible for the data (数据管理员).
    pub steward: String,
    /// The law under which it is kept.
    pub legal_basis: String,
    /// Fields in the schema's order, implicit ones last.
    pub fields: IndexMap<String, Field>,
    /// ID-number fields and the fields that must agree with them.
    pub agreements: Vec<Agreement>,
    /// Which plugin brought it; none for the core.
    pub owner: Option<String>,
    /// The JSON Schema it was read from.
    pub source: String,
}

/// Where a record lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegionSource {
    /// Everywhere and nowhere: no jurisdiction applies.
    None,
    /// A field of its own.
    Field(String),
    /// The region of the record that a reference points to, copied when the record is made.
    Reference(String),
}

/// Whom a record concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectPath {
    /// The record is the person.
    Own,
    /// The person that a reference points to.
    Reference(String),
}

/// An ID number says a birth date and a sex: the record's other fields must agree.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// The ID-number field.
    pub id_number: String,
    /// The field with the date of birth.
    pub birth_date: Option<String>,
    /// The field with the sex.
    pub sex: Option<String>,
}

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, which is also its SQL column.
    pub name: String,
    /// What people call it.
    pub title: Text,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether a record must have it.
    pub required: bool,
    /// How far it may go.
    pub classification: Classification,
    /// The rule for showing it masked; none where it can't be.
    pub mask: Option<Mask>,
    /// Stored, or computed from another field.
    pub origin: Origin,
    /// Whether a record may be looked up by it without a log-in, where a grant says so.
    pub public_key: bool,
    /// Who answers for it.
    pub steward: String,
    /// The law under which it is kept.
    pub legal_basis: String,
}

/// Where a field's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Entered, and kept in a column of its name.
    Stored,
    /// Kept in a column, but filled by the host.
    Implicit,
    /// Completed years since a date field, on the day of asking.
    AgeOf(String),
}

/// What a field holds.
#[derive(Clone, Debug)]
pub enum FieldKind {
    /// Text of so many characters.
    Text {
        /// At least.
        min: usize,
        /// At most.
        max: usize,
        /// Must match, where given.
        pattern: Option<Pattern>,
    },
    /// A whole number.
    Integer {
        /// At least.
        min: i64,
        /// At most.
        max: i64,
    },
    /// A scaled number.
    Decimal {
        /// Digits behind the point.
        scale: u8,
    },
    /// A truth value.
    Boolean,
    /// A day.
    Date,
    /// A code of a list.
    Code {
        /// The list's name.
        list: String,
    },
    /// A region.
    Region {
        /// Whether it must be a grid cell.
        grid: bool,
    },
    /// Another record.
    Reference {
        /// The full name of its entity type.
        entity: String,
    },
    /// A citizen ID number.
    IdNumber,
    /// A unified social credit code.
    CreditCode,
}

/// A pattern of a text field, compiled once. Matching is linear in the text.
#[derive(Clone, Debug)]
pub struct Pattern(regex_lite::Regex);

impl Pattern {
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        regex_lite::Regex::new(source).map(Self).map_err(|reason| reason.to_string())
    }

    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// As the schema wrote it.
    pub fn source(&self) -> &str {
        self.0.as_str()
    }
}

impl FieldKind {
    /// The word for it in messages and over the API.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Integer { .. } => "integer",
            Self::Decimal { .. } => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Code { .. } => "code",
            Self::Region { .. } => "region",
            Self::Reference { .. } => "reference",
            Self::IdNumber => "id-number",
            Self::CreditCode => "credit-code",
        }
    }

    /// Whether its value is a text, which may have a prefix.
    pub fn is_textual(&self) -> bool {
        matches!(self, Self::Text { .. } | Self::Code { .. } | Self::Region { .. } | Self::IdNumber | Self::CreditCode)
    }

    /// Whether the database keeps it as text.
    pub fn is_text(&self) -> bool {
        self.is_textual() || matches!(self, Self::Date)
    }
}

impl EntityType {
    /// Whether its records are people.
    pub fn is_people(&self) -> bool {
        self.subjects.contains(&SubjectPath::Own)
    }

    /// A field by name, implicit ones included.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    /// The column with the grid cell, where the entity type has a region.
    pub fn region_column(&self) -> Option<&str> {
        match &self.region {
            RegionSource::None => None,
            RegionSource::Field(name) => Some(name),
            RegionSource::Reference(_) => Some(GRID),
        }
    }

    /// Whether a plugin brought it, so that its records carry labels (invariant 4).
    pub fn is_labelled(&self) -> bool {
        self.owner.is_some()
    }

    /// The fields that an entry may set.
    pub fn enterable(&self) -> impl Iterator<Item = &Field> {
        self.fields.values().filter(|field| field.origin == Origin::Stored)
    }
}
