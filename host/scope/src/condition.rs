//! Conditions as people write them: a subset of CEL, type-checked into a [`Predicate`].
//!
//! `age >= 80 && (status == "living" || household.dwelling.kind == "2")`. Length and nesting are capped before the parser
//! sees the text.
//!
//! | module | holds |
//! |---|---|
//! | `grammar` | the subset: from CEL's tree to ours, checked against the schema |
//! | `outline` | a condition in words without what could be one person's value |

mod grammar;
mod outline;

use std::fmt;

use cel::Env;
use linli_model::{Catalogue, EntityType};

use crate::predicate::Predicate;

pub use outline::outline;

/// The longest condition, in bytes.
pub const LENGTH_MAX: usize = 2_000;
/// The deepest nesting of parentheses and brackets.
pub const NESTING_MAX: usize = 16;
/// The most comparisons.
pub const COMPARISONS_MAX: usize = 64;
/// The most references that one path follows.
pub const RELATIONS_MAX: usize = 3;
/// The most of the signs `!`, `-` and `?`, which nest without parentheses.
const SIGNS_MAX: usize = 128;
/// The deepest that the parser goes, for which the limits above leave room.
const RECURSION_MAX: u16 = 64;

/// Where in a condition something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a condition can't be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConditionError {
    /// Refused before parsing.
    #[error("the condition is too long or too deep: at most {LENGTH_MAX} bytes, {NESTING_MAX} levels, {COMPARISONS_MAX} comparisons")]
    Size,
    /// No CEL.
    #[error("the condition can't be read, {place}: {reason}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser says.
        reason: String,
    },
    /// CEL, but outside the subset.
    #[error(
        "the condition uses {what}, {place}; known are comparisons of a field with a value, `in`, `startsWith`, `has`, `&&`, `||` and `!`"
    )]
    Unknown {
        /// Where.
        place: Place,
        /// What.
        what: String,
    },
    /// Does not fit the schema.
    #[error("the condition does not fit the schema, {place}: {reason}")]
    Type {
        /// Where.
        place: Place,
        /// Why.
        reason: String,
    },
}

/// Reads a condition over an entity type.
pub fn parse(source: &str, entity: &EntityType, catalogue: &Catalogue) -> Result<Predicate, ConditionError> {
    refuse_hostile(source)?;
    // An environment without macros: `has(phone)` stays a call, and there are no comprehensions.
    let parser = Env::default().parser().max_recursion_depth(RECURSION_MAX).error_recovery_limit(4);
    let (expression, info) = parser.parse_with_source_info(source).map_err(|errors| syntax(&errors))?;
    let predicate = grammar::Reader::new(catalogue, &info).predicate(&expression, entity)?;
    if predicate.size() > COMPARISONS_MAX {
        return Err(ConditionError::Size);
    }
    Ok(predicate)
}

fn refuse_hostile(source: &str) -> Result<(), ConditionError> {
    let mut depth = 0usize;
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > NESTING_MAX {
            return Err(ConditionError::Size);
        }
    }
    let signs = source.bytes().filter(|byte| matches!(byte, b'!' | b'-' | b'?')).count();
    if source.len() > LENGTH_MAX || signs > SIGNS_MAX {
        return Err(ConditionError::Size);
    }
    Ok(())
}

fn syntax(errors: &cel::ParseErrors) -> ConditionError {
    let first = errors.errors.first();
    let part = |part: Option<isize>| part.and_then(|part| usize::try_from(part).ok()).unwrap_or(1).max(1);
    ConditionError::Syntax {
        place: Place { line: part(first.map(|error| error.pos.0)), column: part(first.map(|error| error.pos.1)) },
        reason: first.map(|error| error.msg.clone()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
