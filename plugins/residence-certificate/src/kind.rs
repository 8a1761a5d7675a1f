//! What a community certifies, and what it must not.

use std::borrow::Cow;

/// 民发〔2020〕20号, whose annex lists what residents' committees must not certify.
pub const NOTICE: &str = "民政部等六部门《关于改进和规范基层群众性自治组织出具证明工作的指导意见》（民发〔2020〕20号）";

/// A kind that a community issues.
pub struct Kind {
    pub code: &'static str,
    pub title: (&'static str, &'static str),
    /// Predicates of the manifest that must hold, each with what to say where it does not.
    pub checks: &'static [(&'static str, (&'static str, &'static str))],
}

const LIVES_HERE: (&str, (&str, &str)) =
    ("lives_here", ("该居民登记的状态不是在住，不能开具居住证明", "The resident is not registered as living here"));
const IS_ADULT: (&str, (&str, &str)) = ("is_adult", ("该居民未满十八周岁", "The resident is under 18"));

pub const ISSUED: [Kind; 2] = [
    Kind { code: "residence", title: ("居住证明", "Residence"), checks: &[LIVES_HERE] },
    Kind { code: "adult-residence", title: ("成年居民居住证明", "Residence of an adult"), checks: &[LIVES_HERE, IS_ADULT] },
];

/// 《不应由基层群众性自治组织出具证明事项清单（第一批）》, in its order.
pub const REFUSED: [(&str, (&str, &str)); 20] = [
    ("kinship", ("亲属关系证明", "Kinship")),
    ("identity", ("居民身份信息证明", "Identity")),
    ("hukou-change", ("户口登记项目内容变更申请证明", "Change of household registration")),
    ("dog-keeping", ("居民养犬证明", "Dog keeping")),
    ("no-criminal-record", ("无犯罪记录证明", "No criminal record")),
    ("drug-rehabilitation", ("社区戒毒社区康复人员情况证明", "Drug rehabilitation in the community")),
    ("missing-person", ("人员失踪证明", "Missing person")),
    ("marital-status", ("婚姻状况证明", "Marital status")),
    ("birth", ("出生证明", "Birth")),
    ("alive", ("健在证明", "Being alive")),
    ("death", ("死亡证明", "Death")),
    ("illness", ("疾病状况证明", "Illness")),
    ("disability", ("残疾状况证明", "Disability")),
    ("marriage-and-children", ("婚育状况证明", "Marriage and children")),
    ("employment", ("居民就业状况证明", "Employment")),
    ("personal-file", ("居民个人档案证明", "Personal file")),
    ("property", ("居民财产证明", "Property")),
    ("inheritance", ("遗产继承权证明", "Right of inheritance")),
    ("business-premises", ("市场主体住所证明", "Business premises")),
    ("lost-document", ("证件遗失证明", "Lost document")),
];

/// A kind that is issued, by code.
pub fn issued(code: &str) -> Option<&'static Kind> {
    ISSUED.iter().find(|k| k.code == code)
}

/// A kind of the list by code, and its number on it.
pub fn refused(code: &str) -> Option<(usize, (&'static str, &'static str))> {
    let at = REFUSED.iter().position(|(c, _)| *c == code)?;
    Some((at + 1, REFUSED[at].1))
}

/// A stored kind in the reader's language. One that is no longer issued stays its code.
pub fn title(code: &str, zh: bool) -> Cow<'_, str> {
    issued(code).map_or(Cow::Borrowed(code), |k| Cow::Borrowed(if zh { k.title.0 } else { k.title.1 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_on_the_list_is_issued() {
        assert!(ISSUED.iter().all(|k| refused(k.code).is_none()));
        assert_eq!(refused("kinship"), Some((1, ("亲属关系证明", "Kinship"))));
        assert_eq!(refused("lost-document").map(|r| r.0), Some(20));
    }
}
