//! A synthetic population: dwellings, households and residents of given communities, and the organisations, facilities
//! and matters around them, for demonstrations, tests and benches. No public register of residents exists, and none should; so nobody in it is real.
//!
//! A [`Plan`] says what to generate, and the same plan gives the same population, byte for byte. Records come in the
//! input form of `schemas/entities/*.json`, without references to each other: only who stores the records knows their ids.
//!
//! | module | decides |
//! |---|---|
//! | [`territory`] | how many residents a community has, and its grid cells |
//! | [`building`] | buildings, dwellings, addresses |
//! | [`household`] | who lives together, ages and relations |
//! | [`pyramid`] | how likely an age is |
//! | [`names`], [`id_number`], [`resident`] | the rest of one person's record |
//! | [`neighbourhood`] | organisations, facilities, matters |
//!
//! ID numbers are valid under GB 11643, so one of them may be somebody's: never print them as real. Phone numbers
//! have a prefix that no operator holds.

#![forbid(unsafe_code)]

mod building;
mod calendar;
mod household;
mod id_number;
mod names;
mod neighbourhood;
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

/// What a community has beside its residents.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbourhood {
    /// The community's code.
    pub community: String,
    /// Values of the entity type `organisation`; the residents' committee comes first.
    pub organisations: Vec<Values>,
    /// The facilities.
    pub facilities: Vec<Facility>,
    /// The matters in hand, and those that are done.
    pub matters: Vec<Matter>,
}

/// A facility and who runs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Facility {
    /// Values of the entity type `facility`, without `organisation`.
    pub values: Values,
    /// Which of the neighbourhood's organisations runs it.
    pub operator: Option<usize>,
}

/// A matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Matter {
    /// Values of the entity type `matter`, without `resident`.
    pub values: Values,
    /// Whether it is about one of the community's residents.
    pub concerns_resident: bool,
}

impl Plan<'_> {
    /// The grid cells of all communities, by code within each community: one for about 300 households.
    pub fn grid_cells(&self) -> Vec<GridCell> {
        territory::shares(self).iter().flat_map(|share| share.grid_cells()).collect()
    }

    /// What each community that has residents has beside them.
    pub fn neighbourhoods(&self) -> impl Iterator<Item = Neighbourhood> {
        let shares = territory::shares(self).into_iter().filter(|share| share.residents > 0);
        shares.map(|share| neighbourhood::neighbourhood(self, &share))
    }

    /// The dwellings, community by community; together they house exactly [`Plan::residents`] persons.
    pub fn dwellings(&self) -> impl Iterator<Item = Dwelling> {
        population::Population::new(*self)
    }
}
