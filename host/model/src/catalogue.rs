//! Everything the platform knows of its data's shape, looked up by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{CodeList, EntityType};

/// Entity types and code lists.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    entities: BTreeMap<String, Arc<EntityType>>,
    codes: BTreeMap<String, Arc<CodeList>>,
}

impl Catalogue {
    /// Adds a code list; entity types that use it must come later.
    pub fn add_codes(&mut self, list: CodeList) {
        self.codes.insert(list.name.clone(), Arc::new(list));
    }

    /// Adds or replaces an entity type.
    pub fn add_entity(&mut self, entity: EntityType) -> Arc<EntityType> {
        let entity = Arc::new(entity);
        self.entities.insert(entity.name.clone(), entity.clone());
        entity
    }

    /// An entity type by its full name.
    pub fn entity(&self, name: &str) -> Option<&Arc<EntityType>> {
        self.entities.get(name)
    }

    /// An entity type as a plugin names it: its own of that name goes before a core one.
    pub fn entity_of(&self, plugin: &str, name: &str) -> Option<&Arc<EntityType>> {
        self.entity(&format!("{plugin}/{name}")).or_else(|| self.entity(name))
    }

    /// All entity types by name.
    pub fn entities(&self) -> impl Iterator<Item = &Arc<EntityType>> {
        self.entities.values()
    }

    /// A code list by name.
    pub fn codes(&self, name: &str) -> Option<&Arc<CodeList>> {
        self.codes.get(name)
    }

    /// All code lists by name.
    pub fn code_lists(&self) -> impl Iterator<Item = &Arc<CodeList>> {
        self.codes.values()
    }
}
