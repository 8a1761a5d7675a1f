//! The population as its users see it: exact, repeatable, plausible, and valid under the platform's own schemas.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on should stop loudly")]

use std::collections::{HashMap, HashSet};

use linli_population::{Community, Dwelling, Plan, Values};
use serde_json::Value;

const COMMUNITIES: &[Community<'static>] = &[
    Community { code: "440104022001", name: "机务段社区居委会" },
    Community { code: "440104022002", name: "王圣堂社区居委会" },
    Community { code: "440104022003", name: "瑶台社区居委会" },
    Community { code: "440104022004", name: "松岗社区居委会" },
];
const ELSEWHERE: &[&str] = &["440882", "441481", "440981", "445281", "430424", "450821", "360731", "420984"];

fn plan(residents: usize, seed: u64) -> Plan<'static> {
    Plan { communities: COMMUNITIES, hukou_elsewhere: ELSEWHERE, residents, seed, today: (2025, 6, 30) }
}

fn residents(plan: &Plan) -> Vec<Values> {
    plan.dwellings().flat_map(|dwelling| dwelling.households).flat_map(|household| household.residents).collect()
}

fn text<'a>(values: &'a Values, field: &str) -> &'a str {
    values.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn age(resident: &Values) -> i32 {
    let digits: i32 = text(resident, "birth_date").replace('-', "").parse().unwrap();
    (20_250_630 - digits) / 10_000
}

/// Share of the items that meet a condition, in percent.
fn percent<T>(items: &[T], meets: impl Fn(&T) -> bool) -> f64 {
    items.iter().filter(|item| meets(item)).count() as f64 * 100.0 / items.len() as f64
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let print = |seed| plan(3_000, seed).dwellings().map(|dwelling| format!("{dwelling:?}\n")).collect::<String>();
    assert_eq!(print(7), print(7));
    assert_ne!(print(7), print(8));
}

#[test]
fn these_bytes_stay_the_same_from_release_to_release() {
    // FNV-1a of everything, in order. A change here changes every demonstration: make it on purpose.
    let hash = plan(2_000, 1).dwellings().map(|dwelling| format!("{dwelling:?}")).fold(0xcbf2_9ce4_8422_2325_u64, |hash, printed| {
        printed.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    });
    assert_eq!(hash, HASH, "{hash:#x}");
}
const HASH: u64 = 0x4a25_d3b0_ba16_eae1;

#[test]
fn the_count_is_exact() {
    for count in [0, 1, 2, 3, 17, 1_000, 20_011] {
        assert_eq!(residents(&plan(count, 5)).len(), count);
    }
    assert_eq!(residents(&Plan { communities: &[], ..plan(10, 5) }).len(), 0);
}

#[test]
fn every_dwelling_has_a_household_and_every_household_a_head() {
    for Dwelling { households, .. } in plan(20_000, 6).dwellings() {
        assert!(!households.is_empty());
        for household in households {
            assert_eq!(text(&household.residents[0], "relation"), "02");
            let names: HashSet<_> = household.residents.iter().map(|resident| text(resident, "name")).collect();
            assert_eq!(names.len(), household.residents.len(), "two of a household bear one name");
        }
    }
}

#[test]
fn id_numbers_are_valid_and_agree_with_the_record() {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    for resident in residents(&plan(60_000, 9)) {
        let id = text(&resident, "id_number");
        assert_eq!(id.len(), 18);
        let sum: u32 = id.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        assert_eq!(id.as_bytes()[17], b"10X98765432"[sum as usize % 11], "check digit of GB 11643");
        assert_eq!(&id[..6], text(&resident, "hukou"));
        assert_eq!(id[6..14], text(&resident, "birth_date").replace('-', ""));
        let sex = if id.as_bytes()[16] % 2 == 1 { "1" } else { "2" };
        assert_eq!(sex, text(&resident, "sex"));
    }
}

#[test]
fn no_id_number_comes_twice() {
    let all = residents(&plan(60_000, 10));
    let numbers: HashSet<_> = all.iter().map(|resident| text(resident, "id_number")).collect();
    assert_eq!(numbers.len(), 60_000);
}

#[test]
fn the_pyramid_is_that_of_an_old_quarter() {
    let all = residents(&plan(60_000, 11));
    let share = |low: i32, high: i32| percent(&all, |resident| (low..=high).contains(&age(resident)));
    let bounds = [(0, 14, 11.0, 14.0), (15, 59, 63.0, 69.0), (25, 44, 30.0, 36.0), (60, 120, 19.0, 24.0), (80, 120, 3.5, 4.5)];
    for (low, high, least, most) in bounds {
        let share = share(low, high);
        assert!((least..most).contains(&share), "{share:.2} % are {low} to {high}");
    }
    let women = |from: i32| {
        let old: Vec<_> = all.iter().filter(|resident| age(resident) >= from).collect();
        percent(&old, |resident| text(resident, "sex") == "2")
    };
    assert!((48.0..53.0).contains(&women(0)), "{:.2} % women", women(0));
    assert!((54.0..66.0).contains(&women(80)), "{:.2} % women at 80 and more", women(80));
}

#[test]
fn the_rare_is_as_rare_as_it_should_be() {
    let all = residents(&plan(60_000, 12));
    let elsewhere = percent(&all, |resident| text(resident, "hukou") != "440104");
    assert!((25.0..35.0).contains(&elsewhere), "{elsewhere:.2} % registered elsewhere");
    let disabled = percent(&all, |resident| resident.contains_key("disability_category"));
    assert!((2.2..2.8).contains(&disabled), "{disabled:.2} % disabled");
    let poor = percent(&all, |resident| resident["low_income"] == true);
    assert!((0.7..1.3).contains(&poor), "{poor:.2} % low income");
    let children: Vec<_> = all.iter().filter(|resident| age(resident) < 14).collect();
    let reachable = percent(&children, |resident| resident.contains_key("phone"));
    assert!(reachable < 10.0, "{reachable:.2} % of the children have a phone");
}

#[test]
fn grid_cells_hold_about_three_hundred_households() {
    let plan = plan(60_000, 13);
    let mut households: HashMap<String, u32> = HashMap::new();
    for dwelling in plan.dwellings() {
        for household in dwelling.households {
            assert_eq!(text(&household.values, "grid"), text(&dwelling.values, "grid"));
            *households.entry(text(&household.values, "grid").to_owned()).or_default() += 1;
        }
    }
    let cells = plan.grid_cells();
    assert_eq!(cells.len(), households.len(), "every cell is lived in");
    let mean = households.values().sum::<u32>() / cells.len() as u32;
    assert!((285..315).contains(&mean), "{mean} households in the mean cell");
    for cell in cells {
        assert!(cell.code.len() == 15 && COMMUNITIES.iter().any(|community| cell.code.starts_with(community.code)));
        // A block of dormitories has fewer households, and larger ones.
        assert!((200..400).contains(&households[&cell.code]), "{} has {}", cell.code, households[&cell.code]);
    }
}

#[test]
fn records_fit_the_schemas() {
    let schemas = [
        Schema::read(include_str!("../../../schemas/entities/dwelling.json")),
        Schema::read(include_str!("../../../schemas/entities/household.json")),
        Schema::read(include_str!("../../../schemas/entities/resident.json")),
    ];
    let [of_dwelling, of_household, of_resident] = &schemas;
    for dwelling in plan(5_000, 14).dwellings() {
        of_dwelling.check(&dwelling.values);
        for household in dwelling.households {
            of_household.check(&household.values);
            household.residents.iter().for_each(|resident| of_resident.check(resident));
        }
    }
}

#[test]
fn neighbourhoods_fit_the_schemas_and_stay_the_same() {
    let [of_organisation, of_facility, of_matter] = [
        Schema::read(include_str!("../../../schemas/entities/organisation.json")),
        Schema::read(include_str!("../../../schemas/entities/facility.json")),
        Schema::read(include_str!("../../../schemas/entities/matter.json")),
    ];
    let plan = plan(5_000, 14);
    let mut codes = HashSet::new();
    for neighbourhood in plan.neighbourhoods() {
        for organisation in &neighbourhood.organisations {
            of_organisation.check(organisation);
            let code = text(organisation, "credit_code");
            assert!(linli_model::credit_code::check(code).is_ok() && codes.insert(code.to_owned()), "{code}");
            assert!(code.starts_with(text(organisation, "type")), "{code}");
        }
        for facility in &neighbourhood.facilities {
            of_facility.check(&facility.values);
            assert!(facility.operator.is_none_or(|operator| operator < neighbourhood.organisations.len()));
        }
        for matter in &neighbourhood.matters {
            of_matter.check(&matter.values);
            assert!(text(&matter.values, "reported") <= text(&matter.values, "due"));
            assert_eq!(matter.values.contains_key("closed"), text(&matter.values, "status") == "done");
        }
    }
    assert!(plan.neighbourhoods().eq(plan.neighbourhoods()));
}

/// What of a schema a generator can get wrong: field names, required fields, types, codes.
struct Schema {
    document: Value,
    codes: HashMap<String, HashSet<String>>,
}

impl Schema {
    fn read(text: &str) -> Self {
        let document: Value = serde_json::from_str(text).unwrap();
        let lists = document["properties"].as_object().unwrap().values().filter_map(|field| field["x-linli"]["codes"].as_str());
        let codes = lists.map(|list| (list.to_owned(), codes(list))).collect();
        Self { document, codes }
    }

    fn check(&self, values: &Values) {
        for required in self.document["required"].as_array().unwrap() {
            assert!(values.contains_key(required.as_str().unwrap()), "{required} is missing");
        }
        for (name, value) in values {
            let field = &self.document["properties"][name];
            match field["type"].as_str() {
                Some("string") => assert!(value.is_string(), "{name}: {value}"),
                Some("integer") => assert!(value.is_i64(), "{name}: {value}"),
                Some("boolean") => assert!(value.is_boolean(), "{name}: {value}"),
                _ => panic!("{name} is no field of the schema, or of another type"),
            }
            if let Some(list) = field["x-linli"]["codes"].as_str() {
                assert!(self.codes[list].contains(value.as_str().unwrap()), "{name}: {value} is not in {list}");
            }
        }
    }
}

fn codes(list: &str) -> HashSet<String> {
    let path = format!("{}/../../schemas/codes/{list}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).skip(1).filter_map(|line| Some(line.split_once(',')?.0.to_owned())).collect()
}
