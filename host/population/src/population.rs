//! Puts it together: walks the communities, fills dwelling after dwelling with households until all residents live
//! somewhere.

use std::vec;

use crate::{
    Dwelling, Household, Plan, Values,
    building::{Buildings, Site},
    calendar::Date,
    household::{self, Member, Shape},
    id_number::Register,
    names,
    random::Random,
    resident::{self, Home, Identity},
    territory::{self, Share},
};

/// The stream of dwellings of a plan.
pub(crate) struct Population<'a> {
    plan: Plan<'a>,
    today: Date,
    register: Register,
    shares: vec::IntoIter<Share<'a>>,
    place: Option<Place<'a>>,
}

/// The community that is being filled.
struct Place<'a> {
    share: Share<'a>,
    /// How many of the community's residents are still to come.
    left: usize,
    buildings: Buildings<'a>,
    random: Random,
}

impl Place<'_> {
    fn housed(&self) -> usize {
        self.share.residents - self.left
    }

    /// A household's shape and members, no more persons than are still to come.
    fn members(&mut self, dormitory: bool) -> (Shape, Vec<Member>) {
        for _ in 0..32 {
            let shape = if dormitory { Shape::Dormitory } else { Shape::draw(&mut self.random) };
            let members = household::members(&mut self.random, shape);
            if members.len() <= self.left {
                return (shape, members);
            }
        }
        (Shape::Single, household::members(&mut self.random, Shape::Single))
    }
}

impl<'a> Population<'a> {
    pub(crate) fn new(plan: Plan<'a>) -> Self {
        let (year, month, day) = plan.today;
        Self {
            plan,
            today: Date { year: year.into(), month, day },
            register: Register::default(),
            shares: territory::shares(&plan).into_iter(),
            place: None,
        }
    }

    /// The next community that has residents.
    fn next_place(&mut self) -> Option<Place<'a>> {
        let share = self.shares.find(|share| share.residents > 0)?;
        let stream = |what: &str| Random::new(self.plan.seed, &format!("{what} {}", share.code));
        Some(Place {
            share,
            left: share.residents,
            buildings: Buildings::new(share.short_name, stream("buildings")),
            random: stream("residents"),
        })
    }

    fn dwelling(&mut self, place: &mut Place<'a>) -> Dwelling {
        let site = place.buildings.next_dwelling();
        let grid = place.share.cell(place.housed());
        let mut households = Vec::with_capacity(1);
        let first = self.household(place, &grid, site.dormitory);
        let kind = dwelling_kind(&mut place.random, &site, &first);
        households.push(first.record);
        // A rented flat of an old quarter is sometimes let room by room.
        if kind == "rented" && place.left > 0 && place.random.chance(90) {
            households.push(self.household(place, &grid, false).record);
        }
        Dwelling { values: site.values(&grid, kind), households }
    }

    fn household(&mut self, place: &mut Place<'a>, grid: &str, dormitory: bool) -> Drawn {
        let (shape, members) = place.members(dormitory);
        place.left -= members.len();
        let random = &mut place.random;

        let home_county = place.share.code.get(..6).unwrap_or(place.share.code);
        let origin = |random: &mut Random| match random.chance(shape.registered_elsewhere()) {
            true if !self.plan.hukou_elsewhere.is_empty() => random.pick(self.plan.hukou_elsewhere),
            _ => home_county,
        };
        // A family is registered in one place and mostly of one ethnic group; sharers each have their own.
        let family_origin = origin(random);
        let local = family_origin == home_county;
        let family_ethnicity = resident::ethnicity(random, local);
        let home = Home { grid, low_income: random.chance(shape.low_income()) };

        let mut values = Values::with_capacity(3);
        values.insert("grid".into(), grid.into());
        values.insert("kind".into(), if shape.is_collective() { "collective" } else { "family" }.into());
        if local && !shape.is_collective() {
            values.insert("hukou_book_number".into(), format!("{:09}", random.below(1_000_000_000)).into());
        }

        let mut residents: Vec<Values> = Vec::with_capacity(members.len());
        let mut taken: Vec<String> = Vec::with_capacity(members.len());
        for member in &members {
            let (hukou, ethnicity) = if shape.is_collective() {
                let hukou = origin(random);
                (hukou, resident::ethnicity(random, hukou == home_county))
            } else {
                (family_origin, family_ethnicity)
            };
            let (first, last) = self.today.births(member.age);
            let born = Date::from_days(random.between(first, last));
            let (id_number, born) = self.register.issue(hukou, born, member.sex);
            let name = unlike(&taken, || names::full_name(random, member.surname, member.sex, born.year));
            taken.push(name.clone());
            let identity = Identity { name, id_number, birth_date: born.to_string(), hukou, ethnicity };
            residents.push(resident::values(random, member, identity, &home));
        }
        Drawn { record: Household { values, residents }, local, collective: shape.is_collective() }
    }
}

impl Iterator for Population<'_> {
    type Item = Dwelling;

    fn next(&mut self) -> Option<Dwelling> {
        let mut place = match self.place.take() {
            Some(place) => place,
            None => self.next_place()?,
        };
        let dwelling = self.dwelling(&mut place);
        self.place = Some(place).filter(|place| place.left > 0);
        Some(dwelling)
    }
}

/// A household and what the dwelling needs to know of it.
struct Drawn {
    record: Household,
    local: bool,
    collective: bool,
}

/// Code of the list `dwelling-kind`.
fn dwelling_kind(random: &mut Random, site: &Site, first: &Drawn) -> &'static str {
    let owners = match first {
        Drawn { collective: true, .. } => 0,
        Drawn { local: true, .. } => 850,
        Drawn { local: false, .. } => 160,
    };
    match site {
        Site { dormitory: true, .. } => "dormitory",
        Site { public: true, .. } if first.local => "public",
        _ if random.chance(owners) => "owned",
        _ => "rented",
    }
}

/// A name that nobody in the household bears yet; the last try stands even if somebody does.
fn unlike(taken: &[String], mut draw: impl FnMut() -> String) -> String {
    let mut name = draw();
    for _ in 0..8 {
        if !taken.contains(&name) {
            break;
        }
        name = draw();
    }
    name
}
