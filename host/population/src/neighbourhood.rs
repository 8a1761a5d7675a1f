//! What a community has beside its residents: organisations, facilities, and matters in hand.

use linli_model::credit_code;

use crate::{Facility, Matter, Neighbourhood, Plan, Values, calendar::Date, names, random::Random, territory::Share};

/// Prefix of a name, what it trades in, its type in the list `organisation-type`, and how likely it is.
const TRADES: [(u32, (&str, &str)); 9] = [
    (26, ("便利店", "92")),
    (18, ("餐饮店", "92")),
    (14, ("五金建材店", "92")),
    (10, ("物业管理有限公司", "91")),
    (12, ("服装有限公司", "91")),
    (8, ("商贸有限公司", "91")),
    (4, ("社会工作服务中心", "52")),
    (4, ("托育服务中心", "52")),
    (4, ("志愿服务队", "51")),
];

/// Kind in the list `facility-kind`, what it is called, opening hours, whether the committee runs it.
const FACILITIES: [(&str, &str, &str, bool); 6] = [
    ("party-service-centre", "党群服务中心", "周一至周日 9:00-21:00", true),
    ("elderly-care", "颐康服务站", "周一至周五 8:30-17:30", true),
    ("culture", "文化活动室", "周一至周日 9:00-20:00", true),
    ("fire", "微型消防站", "全天", true),
    ("waste", "垃圾分类投放点", "6:30-9:00，18:30-21:30", false),
    ("charging", "电动自行车充电点", "全天", false),
];

/// Kind in the list `matter-kind`, title, who handles it, and whether a resident is concerned.
type Occasion = (&'static str, &'static str, &'static str, bool);

/// How likely each is, and what it is.
const MATTERS: [(u32, Occasion); 8] = [
    (18, ("repair", "楼道照明不亮", "社区居民委员会", false)),
    (14, ("environment", "巷口堆放杂物", "街道综合行政执法队", false)),
    (12, ("safety", "电动自行车上楼充电", "街道应急管理办公室", false)),
    (14, ("dispute", "邻里噪声纠纷", "社区人民调解委员会", true)),
    (14, ("visit", "独居老人走访", "社区居民委员会", true)),
    (12, ("agency", "代办优待证", "社区居民委员会", true)),
    (10, ("request", "申请加装扶手", "街道公共服务办公室", true)),
    (6, ("suggestion", "建议延长活动室开放时间", "社区居民委员会", true)),
];

/// Residents for each organisation beyond the committee.
const RESIDENTS_OF_AN_ORGANISATION: usize = 250;
/// Residents for each matter.
const RESIDENTS_OF_A_MATTER: usize = 120;

pub(crate) fn neighbourhood(plan: &Plan<'_>, share: &Share<'_>) -> Neighbourhood {
    let (year, month, day) = plan.today;
    let today = Date { year: year.into(), month, day };
    let mut maker = Maker { share, today, random: Random::new(plan.seed, &format!("neighbourhood {}", share.code)) };
    let mut organisations = vec![maker.committee()];
    organisations.extend((0..share.residents.div_ceil(RESIDENTS_OF_AN_ORGANISATION)).map(|nth| maker.organisation(nth)));
    let facilities = FACILITIES.iter().map(|facility| maker.facility(facility)).collect();
    let matters = (0..share.residents.div_ceil(RESIDENTS_OF_A_MATTER)).map(|_| maker.matter()).collect();
    Neighbourhood { community: share.code.to_owned(), organisations, facilities, matters }
}

struct Maker<'a> {
    share: &'a Share<'a>,
    today: Date,
    random: Random,
}

impl Maker<'_> {
    fn cell(&mut self) -> String {
        let before = self.random.below(u32::try_from(self.share.residents).unwrap_or(u32::MAX));
        self.share.cell(before as usize)
    }

    fn days_ago(&mut self, least: i32, most: i32) -> String {
        Date::from_days(self.today.days() - self.random.between(least, most)).to_string()
    }

    fn phone(&mut self) -> String {
        // Landlines of Guangzhou have eight digits; none begins with a 1.
        format!("020-1{:07}", self.random.below(10_000_000))
    }

    fn committee(&mut self) -> Values {
        let name = format!("{}社区居民委员会", self.share.short_name);
        self.business(name, "59", 0, "大街1号")
    }

    fn organisation(&mut self, nth: usize) -> Values {
        const WORDS: [&str; 12] = ["顺发", "宏达", "永兴", "广盛", "新悦", "同福", "康宁", "华美", "联谊", "益民", "和顺", "嘉裕"];
        let (trade, kind) = self.random.weighted(&TRADES);
        let name = format!("{}{}{trade}", self.share.short_name, self.random.pick(&WORDS));
        self.business(name, kind, nth + 1, &format!("大街{}号首层", nth + 2))
    }

    fn business(&mut self, name: String, kind: &str, nth: usize, address: &str) -> Values {
        let surname = names::surname(&mut self.random);
        let contact = names::full_name(&mut self.random, surname, crate::id_number::Sex::Female, 1980);
        let mut values = Values::new();
        let mut put = |field: &str, value: String| drop(values.insert(field.to_owned(), value.into()));
        put("name", name);
        put("credit_code", credit_code(self.share.code, kind, nth));
        put("type", kind.to_owned());
        put("grid", self.cell());
        put("address", format!("{}社区{address}", self.share.short_name));
        put("contact_name", contact);
        put("contact_phone", self.phone());
        put("established", self.days_ago(200, 9_000));
        put("status", if self.random.chance(950) { "active" } else { "suspended" }.to_owned());
        values.insert("employees".into(), self.random.near(1, 4, 60).into());
        values
    }

    fn facility(&mut self, &(kind, name, hours, by_committee): &(&str, &str, &str, bool)) -> Facility {
        let mut values = Values::new();
        let mut put = |field: &str, value: String| drop(values.insert(field.to_owned(), value.into()));
        put("name", format!("{}社区{name}", self.share.short_name));
        put("kind", kind.to_owned());
        put("grid", self.cell());
        put("address", format!("{}社区大街{}号", self.share.short_name, self.random.between(1, 80)));
        put("hours", hours.to_owned());
        put("phone", self.phone());
        put("area", format!("{}.{:02}", self.random.near(20, 90, 600), self.random.below(100)));
        put("status", if self.random.chance(940) { "open" } else { "repair" }.to_owned());
        values.insert("capacity".into(), self.random.near(5, 30, 200).into());
        values.insert("barrier_free".into(), self.random.chance(600).into());
        Facility { values, operator: by_committee.then_some(0) }
    }

    fn matter(&mut self) -> Matter {
        let (kind, title, handler, concerns_resident) = self.random.weighted(&MATTERS);
        let reported = self.random.between(0, 60);
        let day = |ago: i32| Date::from_days(self.today.days() - ago).to_string();
        let done = reported > 20 || self.random.chance(350);
        let mut values = Values::new();
        let mut put = |field: &str, value: String| drop(values.insert(field.to_owned(), value.into()));
        put("title", title.to_owned());
        put("kind", kind.to_owned());
        put("reported", day(reported));
        put("due", day(reported - 15));
        put("status", if done { "done" } else { self.random.pick(&["open", "accepted", "referred"]) }.to_owned());
        if done {
            put("closed", day(reported - reported.min(self.random.between(1, 14))));
        }
        put("handled_by", handler.to_owned());
        put("grid", self.cell());
        Matter { values, concerns_resident }
    }
}

/// A credit code with the standard's shape and check characters. Its ninth to tenth characters, `YY`, head no code that
/// was given out.
fn credit_code(community: &str, kind: &str, nth: usize) -> String {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let number: usize = community.get(6..).and_then(|digits| digits.parse().ok()).unwrap_or_default();
    let own = format!("YY{:06}", (number * 1_000 + nth) % 1_000_000);
    let sum: u32 = own.chars().zip(WEIGHTS).map(|(sign, weight)| sign.to_digit(36).unwrap_or_default() * weight).sum();
    let check = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    };
    let body = format!("{kind}{}{own}{check}", community.get(..6).unwrap_or("440104"));
    let last = credit_code::check_character(&body).unwrap_or('0');
    body + &last.to_string()
}
