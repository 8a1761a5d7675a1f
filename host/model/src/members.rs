//! The people that a record is about though it refers to none: they lead to it.

use std::sync::Arc;

use crate::{Catalogue, EntityType, FieldKind};

/// `resident.household.dwelling`: the people whose household's dwelling the record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    people: String,
    references: Vec<String>,
}

/// One step from the people to the record: an entity type, and its reference to the next.
pub type Hop<'a> = (&'a Arc<EntityType>, &'a str);

impl Members {
    /// From a schema's `subjects`; none where it is no path of this kind.
    pub fn read(path: &str) -> Option<Self> {
        let mut names = path.split('.').map(ToOwned::to_owned);
        let people = names.next()?;
        let references: Vec<String> = names.collect();
        if references.is_empty() { None } else { Some(Self { people, references }) }
    }

    /// The steps from the people to a record of `target`, first those of the people's own entity type.
    ///
    /// # Errors
    ///
    /// What is wrong with the path: it does not begin at people, a step is no reference, or it ends elsewhere.
    pub fn hops<'a>(&'a self, catalogue: &'a Catalogue, target: &str) -> Result<Vec<Hop<'a>>, String> {
        let entity = |name: &str| catalogue.entity(name).ok_or_else(|| format!("there is no entity type `{name}`"));
        let mut at = entity(&self.people)?;
        if !at.is_people() {
            return Err(format!("`{}` is no person", self.people));
        }
        let mut hops = Vec::with_capacity(self.references.len());
        for reference in &self.references {
            let Some(FieldKind::Reference { entity: next }) = at.field(reference).map(|field| &field.kind) else {
                return Err(format!("`{}` has no reference `{reference}`", at.name));
            };
            hops.push((at, reference.as_str()));
            at = entity(next)?;
        }
        if at.name == target { Ok(hops) } else { Err(format!("leads to `{}`, not here", at.name)) }
    }
}

#[cfg(test)]
mod tests {
    use super::Members;

    #[test]
    fn a_path_has_people_and_a_reference() {
        assert!(Members::read("resident.household").is_some());
        assert!(Members::read("self").is_none() && Members::read("resident").is_none());
    }
}
