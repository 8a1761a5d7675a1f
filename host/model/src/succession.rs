//! What became of regions over time: divisions renamed, moved, merged, split.
//!
//! A record keeps the code under which it was entered: that is a fact of its time. What follows the divisions is who
//! reaches it. A code names one place for ever; what ends is closed, and leads on to its successors. From a record's
//! code the way goes up by prefix, and from a closed region on to its successors: every region on that way governs it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::region::{LEVELS, minimal};
use crate::{Date, RegionCode, RegionTree};

/// What happened to a division.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// The same place under the same code has another name.
    Renamed,
    /// The same place has another code, as where it passed to another county or became another kind of division.
    Moved,
    /// It became a part of its successor.
    Merged,
    /// It became parts of several successors, each in a line of its own.
    Split,
    /// It is new, and not known to be made of others.
    Created,
    /// It ended, and is not known to live on in others.
    Abolished,
}

impl ChangeKind {
    const ALL: [Self; 6] = [Self::Renamed, Self::Moved, Self::Merged, Self::Split, Self::Created, Self::Abolished];

    /// The word in files and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Renamed => "renamed",
            Self::Moved => "moved",
            Self::Merged => "merged",
            Self::Split => "split",
            Self::Created => "created",
            Self::Abolished => "abolished",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ChangeKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| "the kind must be renamed, moved, merged, split, created or abolished".to_owned())
    }
}

/// One line of a file of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionChange {
    /// Since when.
    pub since: Date,
    /// What happened.
    pub kind: ChangeKind,
    /// The division as it was, with its name; none of a created one.
    pub before: Option<(RegionCode, String)>,
    /// The division as it is, with its name; none of an abolished one.
    pub after: Option<(RegionCode, String)>,
}

/// A line of a file of changes that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("changes of regions, line {line}: {reason}")]
pub struct ChangeError {
    /// Counted from 1, comments included.
    pub line: u64,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Changes with the lines on which they stand.
pub type Lines = Vec<(u64, RegionChange)>;

/// Reads `since,kind,code,name,successor,successor_name` lines; `#` starts a comment.
pub fn read(text: &str) -> Result<Lines, ChangeError> {
    let mut lines = Vec::new();
    for row in csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes()).into_records() {
        let row = row.map_err(|reason| ChangeError {
            line: reason.position().map_or(0, csv::Position::line),
            reason: "is no line of CSV with the columns since,kind,code,name,successor,successor_name".into(),
        })?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let change = RegionChange::from_cells([cell(0), cell(1), cell(2), cell(3), cell(4), cell(5)]);
        lines.push((line, change.map_err(|reason| ChangeError { line, reason })?));
    }
    Ok(lines)
}

impl RegionChange {
    /// From the six cells of a line.
    pub fn from_cells([since, kind, code, name, successor, successor_name]: [&str; 6]) -> Result<Self, String> {
        let region = |code: &str, name: &str| match (code, name) {
            ("", "") => Ok(None),
            (_, "") => Err(format!("{code} has no name")),
            (code, name) => {
                code.parse().map(|code| Some((code, name.to_owned()))).map_err(|reason: crate::region::NoRegionCode| reason.to_string())
            }
        };
        let change = Self {
            since: since.parse().map_err(|reason: crate::date::NoDate| format!("since {reason}"))?,
            kind: kind.parse()?,
            before: region(code, name)?,
            after: region(successor, successor_name)?,
        };
        let fits = match (change.kind, &change.before, &change.after) {
            (ChangeKind::Created, None, Some(_)) | (ChangeKind::Abolished, Some(_), None) => true,
            (ChangeKind::Renamed, Some((code, name)), Some((same, new))) => code == same && name != new,
            (ChangeKind::Moved | ChangeKind::Merged | ChangeKind::Split, Some((code, _)), Some((other, _))) => {
                code != other && code.as_str().len() == other.as_str().len()
            }
            _ => false,
        };
        fits.then_some(change).ok_or_else(|| {
            "created has a successor only, abolished has none, renamed keeps its code, the others lead to another code of the same level".into()
        })
    }
}

/// Codes in the order of their digits: from the first, to before the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub from: String,
    /// Behind the last.
    pub to: String,
}

impl Span {
    /// All of a region.
    pub fn whole(region: &RegionCode) -> Self {
        Self { from: region.to_string(), to: region.end() }
    }

    /// The region of which it is all, if it is.
    pub fn region(&self) -> Option<RegionCode> {
        self.from.parse().ok().filter(|region: &RegionCode| region.end() == self.to)
    }

    /// Whether a code lies in it.
    pub fn contains(&self, code: &str) -> bool {
        self.from.as_str() <= code && code < self.to.as_str()
    }
}

impl RegionTree {
    /// Whether a region is in force, so that records may be entered under it.
    pub fn is_open(&self, code: &str) -> bool {
        !self.ahead.contains_key(code)
    }

    /// What a closed region became: each successor.
    pub fn successors(&self, code: &str) -> &[RegionCode] {
        self.ahead.get(code).map(Vec::as_slice).unwrap_or_default()
    }

    /// The change with which a region ended; none of one that is in force.
    pub fn end(&self, code: &str) -> Option<&RegionChange> {
        let is_end = |change: &&RegionChange| {
            change.kind != ChangeKind::Renamed && change.before.as_ref().is_some_and(|(before, _)| before.as_str() == code)
        };
        if self.is_open(code) { None } else { self.changes.iter().find(is_end) }
    }

    /// Every change, oldest first.
    pub fn changes(&self) -> &[RegionChange] {
        &self.changes
    }

    /// The changes in which a region took part.
    pub fn history<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a RegionChange> {
        let is = move |side: &Option<(RegionCode, String)>| side.as_ref().is_some_and(|(region, _)| region.as_str() == code);
        self.changes.iter().filter(move |change| is(&change.before) || is(&change.after))
    }

    /// The same place as its code is now, where it only moved; else the code itself.
    pub fn current<'a>(&'a self, code: &'a str) -> &'a str {
        let mut code = code;
        while let [next] = self.successors(code) {
            code = next.as_str();
        }
        code
    }

    /// Whether `region` governs what lies under `code`: the region on the code's way up, closed ones leading on.
    pub fn governs(&self, region: &RegionCode, code: &str) -> bool {
        if self.ahead.is_empty() {
            return region.contains(code);
        }
        let mut under_way = vec![code];
        let mut seen = BTreeSet::new();
        while let Some(node) = under_way.pop() {
            let above = LEVELS.iter().rev().filter_map(|digits| node.get(..*digits));
            for node in above.take_while(|node| seen.insert(*node)) {
                if node == region.as_str() {
                    return true;
                }
                let successors = self.successors(node);
                if !successors.is_empty() {
                    under_way.extend(successors.iter().map(RegionCode::as_str));
                    break;
                }
            }
        }
        false
    }

    /// All codes that these regions govern, sorted: what they hold by prefix, without what has passed to others, and with what
    /// has come to them.
    pub fn area(&self, regions: &[RegionCode]) -> Vec<Span> {
        if self.ahead.is_empty() {
            return regions.iter().map(Span::whole).collect();
        }
        let mut spans = Vec::with_capacity(regions.len());
        let mut seen = BTreeSet::new();
        let mut under_way: Vec<&RegionCode> = regions.iter().collect();
        while let Some(region) = under_way.pop() {
            if !seen.insert(region) {
                continue;
            }
            let gone = self.gone(region);
            without(region, &gone, &mut spans);
            let come = self.behind.range::<RegionCode, _>(region..).take_while(|(code, _)| region.contains(code.as_str()));
            for (_, predecessors) in come.filter(|(code, _)| !gone.iter().any(|gone| gone.contains(code.as_str()))) {
                under_way.extend(predecessors);
            }
        }
        joined(spans)
    }

    /// The regions of each set that one of the other governs: what both reach, and never more. Of a region that was split, no two
    /// successors share what nobody has mapped.
    pub fn shared(&self, left: &[RegionCode], right: &[RegionCode]) -> Vec<RegionCode> {
        let governed = |by: &[RegionCode], region: &RegionCode| by.iter().any(|governor| self.governs(governor, region.as_str()));
        let of_left = left.iter().filter(|region| governed(right, region));
        minimal(of_left.chain(right.iter().filter(|region| governed(left, region))).cloned().collect())
    }

    /// Grid cells that these regions govern and that are in force.
    pub fn cells<'a>(&'a self, regions: &[RegionCode]) -> impl Iterator<Item = (&'a RegionCode, &'a str)> {
        let spans = self.area(regions).into_iter();
        let within = spans.flat_map(|span| {
            let from = self.names.range::<str, _>((std::ops::Bound::Included(span.from.as_str()), std::ops::Bound::Unbounded));
            from.take_while(move |(code, _)| code.as_str() < span.to.as_str())
        });
        within.filter(|(code, _)| code.is_grid() && self.is_open(code.as_str())).map(|(code, name)| (code, name.as_str()))
    }

    /// The regions that stand for these now. A region that moved is followed. One that was merged or split stands for the
    /// parts that it had, wherever they went, and for itself as long as some of them are not mapped: never for more.
    pub fn follow(&self, regions: &[RegionCode]) -> Vec<RegionCode> {
        let mut followed = Vec::with_capacity(regions.len());
        let mut under_way: Vec<&RegionCode> = regions.iter().collect();
        while let Some(region) = under_way.pop() {
            let Some(end) = self.end(region.as_str()) else {
                followed.push(region.clone());
                continue;
            };
            match self.successors(region.as_str()) {
                [next] if end.kind == ChangeKind::Moved && self.behind.get(next).is_some_and(|behind| behind.len() == 1) => {
                    under_way.push(next);
                }
                _ => {
                    // What had left it before was no longer its own.
                    let is_its_own = |part: &&RegionCode| self.end(part.as_str()).is_some_and(|left| left.since >= end.since);
                    under_way.extend(self.gone(region).into_iter().filter(is_its_own));
                    followed.push(region.clone());
                }
            }
        }
        minimal(followed)
    }

    /// Regions in force below one that ended and whose own successor nobody has named.
    pub fn unmapped(&self) -> impl Iterator<Item = (&RegionCode, &str)> {
        let ended = self.ahead.keys().flat_map(|root| self.within(Some(root)));
        ended.filter(|(code, _)| self.is_open(code.as_str()))
    }

    /// The outermost regions inside one that have passed to successors of their own.
    fn gone(&self, region: &RegionCode) -> Vec<&RegionCode> {
        let mut gone: Vec<&RegionCode> = Vec::new();
        let inside = self.ahead.range::<RegionCode, _>(region..).take_while(|(code, _)| region.contains(code.as_str()));
        for (code, _) in inside.filter(|(code, successors)| *code != region && !successors.is_empty()) {
            if !gone.last().is_some_and(|last| last.contains(code.as_str())) {
                gone.push(code);
            }
        }
        gone
    }

    /// Takes changes into the tree, all or none; `self` is of no use after an error. What lies below a region that moved moves
    /// along with its digits, unless a line names it. Returns every change that was made. Lines about regions that the tree
    /// lacks, and lines that it has already, change nothing.
    pub fn change(&mut self, lines: &Lines) -> Result<Vec<RegionChange>, ChangeError> {
        let named: BTreeSet<&str> = lines.iter().filter_map(|(_, change)| change.before.as_ref()).map(|(code, _)| code.as_str()).collect();
        let mut made = Vec::new();
        for (line, change) in lines {
            let fail = |reason| ChangeError { line: *line, reason };
            if self.changes.contains(change) || !self.concerns(change) {
                continue;
            }
            self.check(change).map_err(fail)?;
            self.take(change.clone(), &mut made);
            if change.kind == ChangeKind::Moved {
                self.move_along(change, &named, &mut made);
            }
        }
        Ok(made)
    }

    fn concerns(&self, change: &RegionChange) -> bool {
        match (&change.before, &change.after) {
            (Some((code, _)), _) => self.has(code),
            (None, Some((code, _))) => code.parent().is_none_or(|parent| self.has(&parent)),
            (None, None) => false,
        }
    }

    fn check(&self, change: &RegionChange) -> Result<(), String> {
        if let Some((code, name)) = &change.before {
            let known = self.name(code.as_str()).unwrap_or_default();
            if known != name {
                return Err(format!("{code} is {known} here, not {name}: a code names one place for ever"));
            }
            let is_further_part = change.kind == ChangeKind::Split && self.is_split_on(code, change.since);
            if !self.is_open(code.as_str()) && !is_further_part {
                return Err(format!("{code} {name} has ended already"));
            }
        }
        let Some((code, name)) = change.after.as_ref().filter(|_| change.kind != ChangeKind::Renamed) else { return Ok(()) };
        match self.name(code.as_str()) {
            Some(known) if known != name => Err(format!("{code} is {known} here, not {name}: a code names one place for ever")),
            Some(_) if !self.is_open(code.as_str()) => Err(format!("{code} {name} has ended and can't be a successor")),
            Some(_) if matches!(change.kind, ChangeKind::Created | ChangeKind::Moved) => {
                Err(format!("{code} {name} is there already: what joins it is merged"))
            }
            None if code.parent().is_some_and(|parent| !self.has(&parent) || !self.is_open(parent.as_str())) => {
                Err(format!("{code} {name} lies in no region in force: name its county first"))
            }
            _ => Ok(()),
        }
    }

    fn is_split_on(&self, code: &RegionCode, since: Date) -> bool {
        self.history(code.as_str()).any(|change| {
            change.kind == ChangeKind::Split && change.since == since && change.before.as_ref().is_some_and(|(before, _)| before == code)
        })
    }

    fn move_along(&mut self, change: &RegionChange, named: &BTreeSet<&str>, made: &mut Vec<RegionChange>) {
        let (Some((from, _)), Some((to, _))) = (&change.before, &change.after) else { return };
        let own = from.as_str().len();
        // What is named has a way of its own, and so has what lies in a region that ended before.
        let goes_along = |code: &str| {
            let mut parts = LEVELS.iter().filter(|digits| **digits > own).filter_map(|digits| code.get(..*digits));
            parts.all(|part| self.is_open(part) && !named.contains(part))
        };
        let below = self.within(Some(from)).filter(|(code, _)| *code != from && goes_along(code.as_str()));
        let below: Vec<(RegionCode, String)> = below.map(|(code, name)| (code.clone(), name.to_owned())).collect();
        for (code, name) in below {
            let tail = code.as_str().get(own..).unwrap_or_default();
            let Ok(successor) = format!("{to}{tail}").parse::<RegionCode>() else { continue };
            if self.is_open(code.as_str()) && !self.has(&successor) {
                let along = RegionChange { before: Some((code, name.clone())), after: Some((successor, name)), ..*change };
                self.take(along, made);
            }
        }
    }

    fn take(&mut self, change: RegionChange, made: &mut Vec<RegionChange>) {
        if let Some((code, name)) = &change.after {
            self.insert(code.clone(), name.clone());
        }
        self.remember(change.clone());
        made.push(change);
    }

    /// A change that was made before, as the database has it: the names are known already.
    pub fn remember(&mut self, change: RegionChange) {
        match (change.kind, &change.before, &change.after) {
            (ChangeKind::Moved | ChangeKind::Merged | ChangeKind::Split, Some((code, _)), Some((successor, _))) => {
                self.ahead.entry(code.clone()).or_default().push(successor.clone());
                self.behind.entry(successor.clone()).or_default().push(code.clone());
            }
            (ChangeKind::Abolished, Some((code, _)), _) => drop(self.ahead.entry(code.clone()).or_default()),
            _ => {}
        }
        self.changes.push(change);
    }
}

/// A region without some that lie in it, which are sorted and apart.
fn without(region: &RegionCode, gone: &[&RegionCode], spans: &mut Vec<Span>) {
    let mut from = region.to_string();
    for gone in gone {
        spans.push(Span { from, to: gone.to_string() });
        from = gone.end();
    }
    spans.push(Span { from, to: region.end() });
}

/// The same codes in as few spans as there can be.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by(|a, b| a.from.cmp(&b.from));
    let mut kept: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match kept.last_mut() {
            Some(last) if span.from <= last.to => {
                if span.to > last.to {
                    last.to = span.to;
                }
            }
            _ => kept.push(span),
        }
    }
    kept
}

#[cfg(test)]
mod tests;
