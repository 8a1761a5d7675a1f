//! Buildings and the dwellings in them, floor by floor, with addresses as they stand on the door.

use crate::{Values, random::Random};

/// What a community is built of.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Type {
    /// A private house of a few floors in a lane (自建房).
    #[default]
    Lane,
    /// An estate's block without a lift (步梯楼).
    WalkUp,
    /// A high-rise with a lift (电梯楼).
    Tower,
    /// A block of the housing office (公租房).
    Public,
    /// A workers' dormitory.
    Dormitory,
}

const TYPES: [(u32, Type); 5] = [(420, Type::Lane), (460, Type::WalkUp), (70, Type::Tower), (30, Type::Public), (20, Type::Dormitory)];

/// One dwelling's place in its building.
#[derive(Clone, Copy, Debug)]
struct Slot {
    unit: u32,
    floor: u32,
    door: u32,
}

/// A community's buildings, one after the other, and their dwellings.
pub(crate) struct Buildings<'a> {
    /// The community's short name, the start of every address.
    community: &'a str,
    random: Random,
    kind: Type,
    /// Name of the building, such as `瑶台三巷12号` or `瑶台花园3栋`.
    name: String,
    units: u32,
    floors: u32,
    doors: u32,
    next: Option<Slot>,
    /// Numbers given so far: houses of the lanes, blocks of the estates.
    houses: u32,
    blocks: u32,
}

impl<'a> Buildings<'a> {
    pub(crate) fn new(community: &'a str, random: Random) -> Self {
        Self { community, random, kind: Type::Lane, name: String::new(), units: 0, floors: 0, doors: 0, next: None, houses: 0, blocks: 0 }
    }

    /// The next dwelling in the row.
    pub(crate) fn next_dwelling(&mut self) -> Site {
        let slot = match self.next {
            Some(slot) => slot,
            None => self.build(),
        };
        self.next = self.after(slot);
        Site {
            dormitory: self.kind == Type::Dormitory,
            public: self.kind == Type::Public,
            building: self.name.clone(),
            unit: (self.units > 1).then(|| format!("{}单元", slot.unit)),
            room: format!("{}{:02}", slot.floor, slot.door),
            community: self.community.to_owned(),
            hundredths: self.area(),
        }
    }

    /// Starts another building and gives its first dwelling.
    fn build(&mut self) -> Slot {
        self.kind = self.random.weighted(&TYPES);
        let (units, floors, doors) = match self.kind {
            Type::Lane => ((1, 1), (3, 7), (1, 3)),
            Type::WalkUp => ((1, 4), (6, 9), (2, 4)),
            Type::Tower => ((1, 2), (18, 32), (4, 8)),
            Type::Public => ((1, 3), (7, 12), (3, 6)),
            Type::Dormitory => ((1, 1), (4, 7), (5, 10)),
        };
        let mut between = |(low, high)| self.random.between(low, high).unsigned_abs();
        (self.units, self.floors, self.doors) = (between(units), between(floors), between(doors));
        self.name = self.next_name();
        Slot { unit: 1, floor: 1, door: 1 }
    }

    fn next_name(&mut self) -> String {
        const LANES: [&str; 10] = ["大街", "一巷", "二巷", "三巷", "四巷", "五巷", "东街", "西街", "新街", "直街"];
        const ESTATES: [&str; 5] = ["小区", "新村", "花园", "苑", "大院"];
        let community = self.community;
        if self.kind == Type::Lane {
            // Houses fill lane after lane, forty to a lane.
            let lane = self.houses / 40;
            let number = self.houses % 40 + 1;
            self.houses += 1;
            let round = lane / 10;
            let lane = LANES.get(lane as usize % LANES.len()).copied().unwrap_or_default();
            let round = if round == 0 { String::new() } else { format!("{}横", round) };
            return format!("{community}{lane}{round}{number}号");
        }
        let estate = self.blocks / 12;
        let number = self.blocks % 12 + 1;
        self.blocks += 1;
        let round = estate / 5;
        let estate = ESTATES.get(estate as usize % ESTATES.len()).copied().unwrap_or_default();
        let phase = if round == 0 { String::new() } else { format!("{}期", round + 1) };
        let block = if self.kind == Type::Dormitory { "宿舍楼" } else { "栋" };
        format!("{community}{estate}{phase}{number}{block}")
    }

    fn after(&self, slot: Slot) -> Option<Slot> {
        if slot.door < self.doors {
            Some(Slot { door: slot.door + 1, ..slot })
        } else if slot.floor < self.floors {
            Some(Slot { floor: slot.floor + 1, door: 1, ..slot })
        } else if slot.unit < self.units {
            Some(Slot { unit: slot.unit + 1, floor: 1, door: 1 })
        } else {
            None
        }
    }

    /// Floor area in hundredths of a square metre.
    fn area(&mut self) -> u32 {
        let (low, usual, high) = match self.kind {
            Type::Lane => (2_200, 4_200, 8_000),
            Type::WalkUp => (3_800, 6_500, 10_500),
            Type::Tower => (5_500, 8_800, 14_500),
            Type::Public => (2_800, 4_500, 6_000),
            Type::Dormitory => (1_500, 2_200, 3_600),
        };
        self.random.near(low, usual, high).unsigned_abs()
    }
}

/// A dwelling's place and size, before it is known who lives there.
pub(crate) struct Site {
    pub(crate) dormitory: bool,
    pub(crate) public: bool,
    community: String,
    building: String,
    unit: Option<String>,
    room: String,
    hundredths: u32,
}

impl Site {
    /// The dwelling's values in the input form of `schemas/entities/dwelling.json`.
    pub(crate) fn values(self, grid: &str, kind: &str) -> Values {
        let address = format!("{}社区{}{}{}房", self.community, self.building, self.unit.as_deref().unwrap_or_default(), self.room);
        let mut values = Values::with_capacity(7);
        let mut put = |field: &str, value: String| values.insert(field.to_owned(), value.into());
        put("grid", grid.to_owned());
        put("address", address);
        put("building", self.building);
        if let Some(unit) = self.unit {
            put("unit", unit);
        }
        put("room", self.room);
        put("area", format!("{}.{:02}", self.hundredths / 100, self.hundredths % 100));
        put("kind", kind.to_owned());
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_dwellings_of_a_community_share_an_address() {
        let mut buildings = Buildings::new("瑶台", Random::new(9, "buildings"));
        let addresses: HashSet<String> =
            (0..20_000).map(|_| buildings.next_dwelling().values("440104022003001", "owned")["address"].to_string()).collect();
        assert_eq!(addresses.len(), 20_000);
    }
}
