//! Who lives together: the shapes of households, and for each the persons with their ages and relations.
//!
//! Relations are the two-digit codes of GB/T 4761-2008, each to the head of the household.

use crate::{
    id_number::Sex,
    names,
    pyramid::{age, women},
    random::Random,
};

/// Who makes up a household.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Shape {
    #[default]
    Single,
    OldSingle,
    Couple,
    OldCouple,
    Family,
    LoneParent,
    ThreeGenerations,
    FlatSharers,
    /// Workers in one room of a dormitory.
    Dormitory,
}

/// Shapes in ordinary dwellings, by how many households in a thousand have them.
const SHAPES: [(u32, Shape); 8] = [
    (135, Shape::Single),
    (118, Shape::OldSingle),
    (150, Shape::Couple),
    (127, Shape::OldCouple),
    (310, Shape::Family),
    (40, Shape::LoneParent),
    (85, Shape::ThreeGenerations),
    (35, Shape::FlatSharers),
];

impl Shape {
    /// The shape of the next household in an ordinary dwelling.
    pub(crate) fn draw(random: &mut Random) -> Self {
        random.weighted(&SHAPES)
    }

    /// Persons without family ties who share a dwelling (集体户).
    pub(crate) fn is_collective(self) -> bool {
        matches!(self, Self::FlatSharers | Self::Dormitory)
    }

    /// How many such households in a thousand are registered elsewhere.
    pub(crate) fn registered_elsewhere(self) -> u32 {
        match self {
            Self::Single => 560,
            Self::OldSingle => 50,
            Self::Couple => 340,
            Self::OldCouple => 60,
            Self::Family => 290,
            Self::LoneParent => 200,
            Self::ThreeGenerations => 160,
            Self::FlatSharers => 850,
            Self::Dormitory => 950,
        }
    }

    /// How many such households in a thousand receive the minimum living allowance.
    pub(crate) fn low_income(self) -> u32 {
        match self {
            Self::OldSingle => 32,
            Self::LoneParent => 50,
            Self::OldCouple => 12,
            Self::Single | Self::Family | Self::ThreeGenerations => 8,
            Self::Couple | Self::FlatSharers | Self::Dormitory => 0,
        }
    }
}

/// One person of a household, as far as the others determine them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) sex: Sex,
    /// In full years.
    pub(crate) age: i32,
    /// Code of GB/T 4761-2008.
    pub(crate) relation: &'static str,
    pub(crate) surname: &'static str,
}

/// The persons of a household of this shape; the head comes first.
pub(crate) fn members(random: &mut Random, shape: Shape) -> Vec<Member> {
    match shape {
        Shape::Single => single(random, 22, 62),
        // Mostly widows and widowers, so older than the old as a whole.
        Shape::OldSingle if random.chance(720) => single(random, 63, 99),
        Shape::OldSingle => single(random, 77, 99),
        Shape::Couple => {
            // Before the children, or after they have left.
            let wife = if random.chance(430) { age(random, 23, 39) } else { age(random, 46, 66) };
            couple(random, wife)
        }
        Shape::OldCouple => {
            let wife = age(random, 60, 84);
            couple(random, wife)
        }
        Shape::Family => family(random),
        Shape::LoneParent => lone_parent(random),
        Shape::ThreeGenerations => three_generations(random),
        Shape::FlatSharers => sharers(random, 2, 4),
        Shape::Dormitory => sharers(random, 2, 8),
    }
}

const HEAD: &str = "02";
const UNRELATED: &str = "99";

fn single(random: &mut Random, youngest: i32, oldest: i32) -> Vec<Member> {
    let age = age(random, youngest, oldest);
    let sex = if random.chance(women(age)) { Sex::Female } else { Sex::Male };
    vec![Member { sex, age, relation: HEAD, surname: names::surname(random) }]
}

/// Husband and wife; in seven couples of ten the husband is the head.
fn couple(random: &mut Random, wife_age: i32) -> Vec<Member> {
    let husband_age = (wife_age + random.near(-4, 2, 9)).max(22);
    let husband = Member { sex: Sex::Male, age: husband_age, relation: HEAD, surname: names::surname(random) };
    let wife = Member { sex: Sex::Female, age: wife_age, relation: "12", surname: names::surname(random) };
    if random.chance(700) { vec![husband, wife] } else { vec![Member { relation: HEAD, ..wife }, Member { relation: "11", ..husband }] }
}

/// A couple and one or two children who still live with them.
fn family(random: &mut Random) -> Vec<Member> {
    let mother = age(random, 27, 59);
    let mut all = couple(random, mother);
    let father = all.iter().find(|member| member.sex == Sex::Male).map_or("", |father| father.surname);
    // One child in thirteen bears the mother's surname (公安部《二〇二〇年全国姓名报告》: 1 to 12).
    let surname = match all.iter().find(|member| member.sex == Sex::Female) {
        Some(mother) if random.chance(77) => mother.surname,
        _ => father,
    };
    all.extend(children(random, mother, surname));
    all
}

fn lone_parent(random: &mut Random) -> Vec<Member> {
    let sex = if random.chance(780) { Sex::Female } else { Sex::Male };
    let parent = Member { sex, age: age(random, 27, 58), relation: HEAD, surname: names::surname(random) };
    // A child with its mother mostly keeps the absent father's surname.
    let surname = match sex {
        Sex::Female if random.chance(700) => names::surname(random),
        _ => parent.surname,
    };
    let mut all = vec![parent];
    all.extend(children(random, parent.age, surname).into_iter().take(1).map(only_child));
    all
}

/// A family of parents and children with one or both of somebody's parents.
fn three_generations(random: &mut Random) -> Vec<Member> {
    let mother = age(random, 27, 57);
    let mut all = couple(random, mother);
    let Some(father) = all.iter().find(|member| member.sex == Sex::Male).copied() else { return all };
    let Some(wife) = all.iter().find(|member| member.sex == Sex::Female).copied() else { return all };
    all.extend(children(random, mother, father.surname));

    // Grandparents live with their son more often than with their daughter.
    let with_son = random.chance(680);
    let child = if with_son { father } else { wife };
    let own_parents = child.relation == HEAD;
    let (his, hers) = match (own_parents, with_son) {
        (true, _) => ("51", "52"),
        (false, true) => ("53", "54"),
        (false, false) => ("55", "56"),
    };
    let grandmother_age = child.age + random.near(20, 26, 34);
    let grandmother = Member { sex: Sex::Female, age: grandmother_age, relation: hers, surname: names::surname(random) };
    let grandfather = Member {
        sex: Sex::Male,
        age: (grandmother_age + random.near(-2, 2, 7)).max(child.age + 20),
        relation: his,
        surname: child.surname,
    };
    match random.below(100) {
        ..52 => all.extend([grandfather, grandmother]),
        52..87 => all.push(grandmother),
        _ => all.push(grandfather),
    }
    all
}

/// Persons of one age and purse who rent together; one of them signs.
fn sharers(random: &mut Random, fewest: i32, most: i32) -> Vec<Member> {
    let sex = if random.chance(470) { Sex::Female } else { Sex::Male };
    let around = age(random, 20, 44);
    (0..random.near(fewest, fewest + 1, most))
        .map(|nth| Member {
            // Now and then a mixed flat.
            sex: if random.chance(150) { sex.other() } else { sex },
            age: (around + random.between(-4, 4)).max(18),
            relation: if nth == 0 { HEAD } else { UNRELATED },
            surname: names::surname(random),
        })
        .collect()
}

/// One or two children of a mother of this age, the elder first, both young enough to live at home.
fn children(random: &mut Random, mother: i32, surname: &'static str) -> Vec<Member> {
    // She was 21 to 38 at the birth, and the child is at most 29 now.
    let earliest = (mother - 29).max(21);
    let latest = mother.min(38);
    let elder = mother - random.near(earliest, 28.clamp(earliest, latest), latest);
    let mut ages = vec![elder];
    let gap = random.between(2, 6);
    if elder >= gap && random.chance(if elder < 16 { 380 } else { 220 }) {
        ages.push(elder - gap);
    }
    let several = ages.len() > 1;
    let mut sons = 0;
    let mut daughters = 0;
    ages.into_iter()
        .map(|age| {
            let sex = if random.chance(475) { Sex::Female } else { Sex::Male };
            let nth = if sex == Sex::Male { &mut sons } else { &mut daughters };
            *nth += 1;
            Member { sex, age, relation: child_relation(sex, *nth, several), surname }
        })
        .collect()
}

fn only_child(child: Member) -> Member {
    Member { relation: child_relation(child.sex, 1, false), ..child }
}

/// 独生子女, 长子女, 次子女.
fn child_relation(sex: Sex, nth: u32, several: bool) -> &'static str {
    match (sex, several, nth) {
        (Sex::Male, false, _) => "21",
        (Sex::Male, true, 1) => "22",
        (Sex::Male, true, _) => "23",
        (Sex::Female, false, _) => "31",
        (Sex::Female, true, 1) => "32",
        (Sex::Female, true, _) => "33",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_household_has_one_head_and_fitting_ages() {
        let mut random = Random::new(5, "households");
        for _ in 0..50_000 {
            let shape = if random.chance(50) { Shape::Dormitory } else { Shape::draw(&mut random) };
            let all = members(&mut random, shape);
            assert_eq!(all[0].relation, HEAD);
            assert_eq!(all.iter().filter(|member| member.relation == HEAD).count(), 1, "{all:?}");
            assert!(all.iter().all(|member| (0..=110).contains(&member.age)), "{all:?}");
            let Some(mother) = all.iter().find(|m| m.sex == Sex::Female && [HEAD, "12"].contains(&m.relation)) else {
                continue;
            };
            for child in all.iter().filter(|member| member.relation.starts_with(['2', '3'])) {
                assert!(mother.age - child.age >= 20 && child.age <= 29, "{all:?}");
            }
        }
    }

    #[test]
    fn parents_are_a_generation_older_than_their_child() {
        let mut random = Random::new(6, "generations");
        for _ in 0..20_000 {
            let all = members(&mut random, Shape::ThreeGenerations);
            for parent in all.iter().filter(|member| member.relation.starts_with('5')) {
                let child = all
                    .iter()
                    .find(|member| match parent.relation {
                        "51" | "52" => member.relation == HEAD,
                        "53" | "54" => member.relation == "11",
                        _ => member.relation == "12",
                    })
                    .unwrap();
                assert!(parent.age - child.age >= 20, "{all:?}");
            }
        }
    }
}
