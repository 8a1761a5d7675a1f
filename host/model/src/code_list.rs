//! Code lists: the closed sets of values of the GB/T standards.

use indexmap::IndexMap;

use crate::Text;

/// One code list.
#[derive(Clone, Debug)]
pub struct CodeList {
    /// The name by which schemas refer to it.
    pub name: String,
    /// The standard it comes from, as its first line says.
    pub standard: String,
    /// Names by code, in the standard's order.
    pub codes: IndexMap<String, Text>,
}

/// Why a code list can't be read.
#[derive(Debug, thiserror::Error)]
#[error("code list `{list}`: {reason}")]
pub struct CodeListError {
    /// The list.
    pub list: String,
    /// What is wrong, with its line.
    pub reason: String,
}

impl CodeList {
    /// Reads CSV with the columns `code,zh,en`; the first comment line names the standard.
    pub fn read(name: &str, text: &str) -> Result<Self, CodeListError> {
        let fail = |reason: String| CodeListError { list: name.to_owned(), reason };
        let standard = text.lines().next().and_then(|line| line.strip_prefix('#')).unwrap_or_default().trim().to_owned();
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
        let mut codes = IndexMap::new();
        for row in reader.records() {
            let row = row.map_err(|reason| fail(reason.to_string()))?;
            let (Some(code), Some(zh), Some(en)) = (row.get(0), row.get(1), row.get(2)) else {
                return Err(fail("every line must have code, zh and en".into()));
            };
            if codes.insert(code.to_owned(), Text::new(zh, en)).is_some() {
                return Err(fail(format!("code {code} stands twice")));
            }
        }
        Ok(Self { name: name.to_owned(), standard, codes })
    }
}
