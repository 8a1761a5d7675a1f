//! What a record that a plugin keeps carries on from what its invocations had read (invariant 4).

use linli_model::{Classification, Extent, RegionTree};
use linli_scope::plan::Label;
use roaring::RoaringTreemap;

use crate::database::Cells;
use crate::error::StoreError;
use crate::read::bitmap;

/// The columns of a label, purpose aside, in the order of [`Kept::read`].
pub(crate) const COLUMNS: [&str; 3] = ["label_class", "label_subjects", "label_region"];

/// A label as it is stored, purpose aside: that never changes.
#[derive(Debug)]
pub(crate) struct Kept {
    pub class: Classification,
    pub subjects: RoaringTreemap,
    pub region: Extent,
}

impl Kept {
    /// From the cells of [`COLUMNS`], the first of which is `column`.
    pub fn read(row: &impl Cells, column: usize, regions: &RegionTree) -> Result<Self, StoreError> {
        let rank = row.integer(column)?;
        let known = [Classification::Public, Classification::Internal, Classification::Personal];
        // What is not known is read as the most.
        let class = known.into_iter().find(|known| known.rank() == rank).unwrap_or(Classification::Sensitive);
        let subjects = row.optional_bytes(column + 1)?.map(bitmap).transpose()?.unwrap_or_default();
        let region = row.optional_text(column + 2)?.map_or(Extent::Nowhere, |code| lies_in(regions.current(code)));
        Ok(Self { class, subjects, region })
    }

    /// The label of a record that an invocation changes: what either had read.
    pub fn joined(mut self, label: &Label) -> Result<Self, StoreError> {
        self.class = self.class.max(label.classification);
        self.subjects |= bitmap(&label.subjects)?;
        self.region.widen(label.region.clone());
        Ok(self)
    }

    /// The subjects as they are stored.
    pub fn subjects(&self) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.subjects.serialize_into(&mut bytes).map_err(|reason| StoreError::damaged("a set of subjects", reason))?;
        Ok(bytes)
    }
}

/// Where a record lies, as its region column says.
pub(crate) fn lies_in(code: &str) -> Extent {
    code.parse().map_or(Extent::Everywhere, Extent::Within)
}

/// A label's region as it is stored. What no province holds is the empty text, which lies in no actor's regions.
pub(crate) fn region(extent: &Extent) -> Option<&str> {
    match extent {
        Extent::Nowhere => None,
        Extent::Within(region) => Some(region.as_str()),
        Extent::Everywhere => Some(""),
    }
}
