//! A synthetic population: dwellings, households and residents of given communities, for demonstrations, tests and
//! benches. No public register of residents exists, and none should; so nobody in it is real.
//!
//! A [`Plan`] says what to generate, and the same plan gives the same population, byte for byte. Records come in the
//! input form of `schemas/entities/*.json`, without the references `dwelling` and `household`: only who stores the
//! records knows their ids.
//!
//! | module | decides |
//! |---|---|
//! | [`territory`] | how many residents a community has, and its grid cells |
//! | [`building`] | buildings, dwellings, addresses |
//! | [`household`] | who lives together, ages and relations |
//! | [`pyramid`] | how likely an age is |
//! | [`names`], [`id_number`], [`resident`] | the rest of one person's record |
//!
//! ID numbers are valid under GB 11643, so one of them may be somebody's: never print them as real. Phone numbers
//! have a prefix that no operator holds.

#![forbid(unsafe_code)]

mod building;
mod calendar;
mod household;
mod id_number;
mod names;
mod population;
mod pyramid;
mod random;
mod resident;
mod territory;

use serde_json::{Map, Value};

/// A record's values by field name.
pub type Values = Map<String, Value>;

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// Where the residents live. Without a community there is no population.
    pub communities: &'a [Community<'a>],
    /// County codes (six digits) from which those come who are registered elsewhere; may be empty.
    pub hukou_elsewhere: &'a [&'a str],
    /// How many residents there are in all.
    pub residents: usize,
    /// Another seed, another population.
    pub seed: u64,
    /// Year, month and day by which ages are reckoned.
    pub today: (i16, u8, u8),
}

/// A community of the division tree.
#[derive(Clone, Copy, Debug)]
pub struct Community<'a> {
    /// Its code, 12 digits.
    pub code: &'a str,
    /// Its name, such as `瑶台社区居委会`.
    pub name: &'a str,
}

/// A grid cell (网格), a child of its community.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GridCell {
    /// The community's code and three more digits.
    pub code: String,
    /// Such as `瑶台社区第1网格`.
    pub name: String,
}

/// A dwelling and who lives in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Dwelling {
    /// Values of the entity type `dwelling`.
    pub values: Values,
    /// At least one.
    pub households: Vec<Household>,
}

/// A household and its members.
#[derive(Clone, Debug, PartialEq)]
pub struct Household {
    /// Values of the entity type `household`, without `dwelling`.
    pub values: Values,
    /// Values of the entity type `resident`, without `household`; the head comes first.
    pub residents: Vec<Values>,
}

impl Plan<'_> {
    /// The grid cells of all communities, by code within each community: one for about 300 households.
    pub fn grid_cells(&self) -> Vec<GridCell> {
        territory::shares(self).iter().flat_map(|share| share.grid_cells()).collect()
    }

    /// The dwellings, community by community; together they house exactly [`Plan::residents`] persons.
    pub fn dwellings(&self) -> impl Iterator<Item = Dwelling> {
        population::Population::new(*self)
    }
}
