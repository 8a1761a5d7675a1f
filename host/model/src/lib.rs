//! What the platform's data is: entity types and their fields, values, code lists, regions.
//!
//! | module | holds |
//! |---|---|
//! | [`entity`] | an entity type as its JSON Schema says it, ready for use |
//! | [`schema`] | reading the schema; unknown keywords are refused, with their path |
//! | [`whole`] | whole numbers as JSON may write them |
//! | [`value`] | one typed value, its checks and its JSON form |
//! | [`decimal`], [`date`], [`id_number`], [`credit_code`] | the value kinds that need rules of their own |
//! | [`mask`] | what a `masked` field shows |
//! | [`region`], [`succession`] | the division tree, and what became of divisions over time |
//! | [`code_list`] | the coded lists of the GB/T standards |
//! | [`catalogue`] | all of it together, looked up by name |
//!
//! No I/O: the crate is given text and answers with types.

pub mod catalogue;
pub mod classification;
pub mod code_list;
pub mod credit_code;
pub mod date;
pub mod decimal;
pub mod entity;
pub mod id_number;
pub mod mask;
pub mod members;
pub mod region;
pub mod schema;
pub mod succession;
pub mod text;
pub mod value;
pub mod whole;

pub use catalogue::Catalogue;
pub use classification::Classification;
pub use code_list::CodeList;
pub use date::{Date, Period};
pub use decimal::Decimal;
pub use entity::{EntityType, Field, FieldKind, Origin, RegionSource, SubjectPath};
pub use mask::Mask;
pub use members::Members;
pub use region::{Extent, RegionCode, RegionTree};
pub use succession::{ChangeKind, RegionChange, Span};
pub use text::Text;
pub use value::{Misfit, RecordNo, Value};
