//! What an invocation has done so far: the accesses for the log, and the label for what it keeps.

use linli_audit::Access;
use linli_model::{Classification, Extent, RegionCode};
use linli_scope::plan::{Label, Reach};
use linli_scope::{Aggregate, Denial, Operation, Read};
use linli_store::{Checked, Rows, Tabulated};
use roaring::RoaringTreemap;

/// Accesses not yet on the record, and everything read since the invocation began.
#[derive(Debug)]
pub(crate) struct Ledger {
    pending: Vec<Access>,
    pending_subjects: RoaringTreemap,
    all_subjects: RoaringTreemap,
    classification: Classification,
    region: Extent,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            pending: Vec::new(),
            pending_subjects: RoaringTreemap::new(),
            all_subjects: RoaringTreemap::new(),
            classification: Classification::Public,
            region: Extent::Nowhere,
        }
    }
}

impl Ledger {
    /// Rows that were read.
    pub fn read(&mut self, operation: &str, read: &Read, rows: &Rows) {
        self.add(&read.entity.name, operation, &read.fields, rows.count);
        for (link, found) in read.links.iter().zip(&rows.linked) {
            self.add(&link.entity.name, Operation::Link.as_str(), &link.fields, found.len());
        }
        self.subjects(&rows.subjects);
        // That there is nobody is an answer too, of the fields that were asked for.
        let class = rows.label.map_or(read.classification, |label| label.max(read.classification));
        self.classification = self.classification.max(class);
        self.region.widen(rows.region.clone());
    }

    /// A predicate that was asked.
    pub fn checked(&mut self, check: &linli_scope::Check, found: Option<&Checked>) {
        self.add(&check.entity.name, "check", &check.fields, u64::from(found.is_some()));
        self.classification = self.classification.max(check.classification);
        if let Some(found) = found {
            self.subjects(&found.subjects);
            self.classification = self.classification.max(found.label.unwrap_or(check.classification));
            self.region.widen(found.region.clone());
        }
    }

    /// A table that was counted. It names nobody, so that its entry says which table and of which regions, not of whom; what
    /// is made from it is as highly classified as its fields and lies where it was counted.
    pub fn counted(&mut self, aggregate: &Aggregate, tabulated: &Tabulated) {
        let fields: Vec<_> = aggregate.fields.iter().map(|field| (field.clone(), "aggregate".to_owned())).collect();
        let mut operation = format!("aggregate {}", aggregate.name);
        if let Reach::Within(regions) = &aggregate.bounds.regions {
            let codes: Vec<_> = regions.iter().map(RegionCode::as_str).collect();
            operation = format!("{operation} in {}", codes.join(" "));
        }
        self.add(&aggregate.entity.name, &operation, &fields, tabulated.groups);
        self.classification = self.classification.max(aggregate.classification);
        self.region.widen(aggregate.bounds.regions.extent());
        self.region.widen(tabulated.region.clone());
        if let Some(rule) = &aggregate.bounds.label {
            self.classification = self.classification.max(rule.clearance);
            self.region.widen(Reach::Within(rule.regions.clone()).extent());
        }
    }

    /// Something that was denied.
    pub fn denied(&mut self, operation: &str, denial: &Denial) {
        metrics::counter!("linli_denials_total", "code" => denial.kind.as_str()).increment(1);
        let fields = denial.field.iter().map(|field| (field.clone(), "denied".to_owned())).collect();
        let access = Access {
            entity: denial.entity.clone().unwrap_or_default(),
            operation: operation.to_owned(),
            fields,
            records: 0,
            denied: Some(denial.kind.as_str().to_owned()),
        };
        if !self.pending.contains(&access) {
            self.pending.push(access);
        }
    }

    /// A person whom something that was denied concerned.
    pub fn concerns(&mut self, record: linli_model::RecordNo) {
        self.pending_subjects.insert(record.0.unsigned_abs());
    }

    /// What is not on the record yet.
    pub fn pending(&self) -> (Vec<Access>, RoaringTreemap) {
        (self.pending.clone(), self.pending_subjects.clone())
    }

    /// What is not on the record yet, which it is from now on.
    pub fn settle(&mut self) -> (Vec<Access>, RoaringTreemap) {
        (std::mem::take(&mut self.pending), std::mem::take(&mut self.pending_subjects))
    }

    /// The label for what this invocation keeps (invariant 4).
    pub fn label(&self, purpose: &str) -> Label {
        let mut subjects = Vec::new();
        if !self.all_subjects.is_empty() && self.all_subjects.serialize_into(&mut subjects).is_err() {
            subjects.clear();
        }
        Label { purpose: purpose.to_owned(), classification: self.classification, subjects, region: self.region.clone() }
    }

    fn add(&mut self, entity: &str, operation: &str, fields: &[(String, String)], records: u64) {
        let same = |access: &&mut Access| {
            access.denied.is_none() && access.entity == entity && access.operation == operation && access.fields == fields
        };
        match self.pending.iter_mut().find(same) {
            Some(access) => access.records += records,
            None => self.pending.push(Access {
                entity: entity.to_owned(),
                operation: operation.to_owned(),
                fields: fields.to_vec(),
                records,
                denied: None,
            }),
        }
    }

    fn subjects(&mut self, subjects: &RoaringTreemap) {
        if self.pending_subjects.is_empty() && self.all_subjects.is_empty() {
            self.pending_subjects = subjects.clone();
            self.all_subjects = subjects.clone();
            return;
        }
        self.pending_subjects |= subjects;
        self.all_subjects |= subjects;
    }
}
