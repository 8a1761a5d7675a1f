//! Counts a population as a census would: `cargo run --release -p linli-population --example census -- 60000`.

use std::collections::BTreeMap;

use linli_population::{Community, Plan, Values};

fn main() {
    let residents = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(60_000);
    let communities = [
        Community { code: "440104022001", name: "机务段社区居委会" },
        Community { code: "440104022002", name: "王圣堂社区居委会" },
        Community { code: "440104022003", name: "瑶台社区居委会" },
        Community { code: "440104022004", name: "松岗社区居委会" },
    ];
    let plan = Plan {
        communities: &communities,
        hukou_elsewhere: &["440882", "441481", "440981", "445281", "430424", "450821", "360731", "420984"],
        residents,
        seed: 20_230_630,
        today: (2025, 6, 30),
    };

    let started = std::time::Instant::now();
    let dwellings = plan.dwellings().count();
    println!("{residents} residents in {dwellings} dwellings and {} grid cells: {:?}", plan.grid_cells().len(), started.elapsed());

    let mut census = Census::default();
    for dwelling in plan.dwellings() {
        census.count("dwellings", "all");
        census.of(&dwelling.values, &["kind"]);
        for household in dwelling.households {
            census.count("households", "all");
            census.count("household size", &household.residents.len().to_string());
            census.of(&household.values, &["kind"]);
            for resident in household.residents {
                census.count("residents", "all");
                census.resident(&resident, plan.today);
            }
        }
    }
    census.print();
}

/// How often each answer was given, by question.
#[derive(Default)]
struct Census(BTreeMap<String, BTreeMap<String, u32>>);

impl Census {
    fn count(&mut self, question: &str, answer: &str) {
        *self.0.entry(question.to_owned()).or_default().entry(answer.to_owned()).or_default() += 1;
    }

    fn total(&self, question: &str) -> u32 {
        self.0.get(question).map_or(0, |answers| answers.values().sum())
    }

    fn of(&mut self, values: &Values, fields: &[&str]) {
        for field in fields {
            let answer = values.get(*field).map_or_else(|| "-".to_owned(), |value| value.to_string());
            self.count(field, &answer);
        }
    }

    fn resident(&mut self, values: &Values, today: (i16, u8, u8)) {
        self.of(values, &["education", "status", "relation", "disability_category", "low_income", "ethnicity", "hukou"]);
        let born = values.get("birth_date").and_then(|date| date.as_str()).unwrap_or_default();
        let age = years(born, today);
        let band = format!("{:03}-{:03}", age / 5 * 5, age / 5 * 5 + 4);
        let sex = values.get("sex").and_then(|sex| sex.as_str()).unwrap_or_default();
        self.count("age", &band);
        self.count(if sex == "1" { "age of men" } else { "age of women" }, &band);
        self.count("has phone", &values.contains_key("phone").to_string());
    }

    fn print(&self) {
        for (question, answers) in &self.0 {
            let total = self.total(question);
            println!("\n{question}: {total}");
            for (answer, count) in answers {
                println!("  {answer:<12} {count:>8} {:>6.2} %", f64::from(*count) * 100.0 / f64::from(total));
            }
        }
    }
}

fn years(born: &str, today: (i16, u8, u8)) -> i32 {
    let mut parts = born.split('-').map(|part| part.parse::<i32>().unwrap_or(0));
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let had_birthday = (month, day) <= (Some(today.1.into()), Some(today.2.into()));
    i32::from(today.0) - year.unwrap_or(0) - i32::from(!had_birthday)
}
