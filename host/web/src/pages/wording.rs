//! Codes and reasons in the words of the screen: Chinese first, the API's own English beside it.

use jiff::Timestamp;
use jiff::tz::Offset;
use linli_model::{Catalogue, Classification};
use linli_scope::Manifest;
use linli_scope::access::{Access, Mode, Operation};
use linli_scope::break_glass::Cause;
use linli_scope::table::Table;
use linli_view::Text;

/// A text of the model.
pub(super) fn text(text: &linli_model::Text) -> Text<'_> {
    Text::new(text.zh(), text.en())
}

/// An instant in the community's time zone (UTC+8), to the minute.
pub(super) fn moment(at: Timestamp) -> String {
    Offset::constant(8).to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What a problem or an outcome is called.
pub(super) fn title(code: &str, status: u16) -> Text<'static> {
    match code {
        "sign-in" => Text::both("请先登录", "Log in first"),
        "log-in" => Text::both("登录失败", "Failed log-in"),
        "role" => Text::both("您的角色不能办理", "Not for your role"),
        "csrf" => Text::both("页面已失效", "The page is out of date"),
        "no-grant" => Text::both("应用尚未获得授权", "The application has no grant"),
        "grant-expired" => Text::both("授权已到期", "The grant has expired"),
        "break-glass" => Text::both("仅限应急使用", "For emergencies only"),
        "unreviewed" => Text::both("尚有应急访问待复核", "Others wait for their review"),
        "grant-revoked" => Text::both("授权已撤销", "The grant was revoked"),
        "entity-not-granted"
        | "operation-not-granted"
        | "field-not-granted"
        | "field-mode"
        | "predicate-not-granted"
        | "table-not-granted"
        | "bound-only"
        | "denied" => Text::both("超出授权范围", "Beyond what is granted"),
        "same-person" => Text::both("须由他人批准", "Needs another admin"),
        "own-account" => Text::both("不能更改自己的账号", "Not your own account"),
        "remit" => Text::both("超出您的审批权限", "Beyond what you may decide"),
        "assessment" => Text::both("须附影响评估", "Needs an impact assessment"),
        "clearance" => Text::both("超出您的查阅级别", "Above your clearance"),
        "region" | "out-of-scope" => Text::both("超出辖区", "Outside the jurisdiction"),
        "not-found" => Text::both("没有找到", "Not found"),
        "duplicate" => Text::both("已经登记", "On record already"),
        "conflict" | "stale" | "grant-state" => Text::both("已被他人更改", "Changed in the meantime"),
        "rate" => Text::both("请求过于频繁", "Too many requests"),
        "limit" => Text::both("超出限额", "More than is allowed at once"),
        "plugin-busy" => Text::both("应用正忙", "The application is busy"),
        "plugin-timeout"
        | "plugin-out-of-memory"
        | "plugin-crashed"
        | "plugin-output-too-large"
        | "plugin-too-many-handles"
        | "plugin-bad-answer"
        | "plugin-error" => Text::both("应用出错", "The application failed"),
        "unavailable" | "log-unavailable" => Text::both("服务暂不可用", "Not available at the moment"),
        _ => by_status(status),
    }
}

fn by_status(status: u16) -> Text<'static> {
    match status {
        403 => Text::both("无权办理", "Not allowed"),
        404 => Text::both("没有找到", "Not found"),
        405 => Text::both("此地址不接受该操作", "Not possible at this address"),
        409 => Text::both("已被他人更改", "Changed in the meantime"),
        413 => Text::both("内容过大", "Too large"),
        429 => Text::both("请求过于频繁", "Too many requests"),
        400..=499 => Text::both("填写有误", "Please check what you entered"),
        503 => Text::both("服务暂不可用", "Not available at the moment"),
        _ => Text::both("平台出错", "Something failed"),
    }
}

/// What happened this time. What the platform says of its own is English; here is what to do about it.
pub(super) fn detail<'a>(code: &str, said: &'a str) -> Text<'a> {
    let zh = match code {
        "sign-in" => "登录后可继续办理。",
        "role" => "此页面面向其他角色；如需办理，请联系平台管理员。",
        "csrf" => "请返回原页面，刷新后重新提交。",
        "no-grant" | "grant-expired" | "grant-revoked" => "平台管理员批准授权后方可使用。",
        "entity-not-granted"
        | "operation-not-granted"
        | "field-not-granted"
        | "field-mode"
        | "predicate-not-granted"
        | "table-not-granted"
        | "bound-only" => "该应用要读取的内容不在授权之内，本次未提供任何信息。",
        "break-glass" => "平时不提供任何信息。确有突发情况，可说明原因、限时启动应急访问。",
        "unreviewed" => "您有三次应急访问待审计员复核，复核后方可再次启动。",
        "minutes" => "时长应为 1 至 240 分钟。",
        "note" => "请填写复核意见，最多 1000 字。",
        "same-person" => "上传者不能批准自己的申请；敏感信息须由另一位管理员再次批准。",
        "remit" => "超出您的辖区或者查阅级别：授权请先收窄，或者由上级管理员办理。",
        "assessment" => "涉及敏感个人信息的授权，须附个人信息保护影响评估（《个人信息保护法》第五十五条）。",
        "clearance" => "内容的分级高于您的查阅级别，本次未提供任何信息。",
        "region" | "out-of-scope" => "只能办理本辖区的事项。",
        "method" => "请从首页重新进入。",
        "request" | "form" => "请求无法读取，请返回重试。",
        "reason" => "请填写原因，最多 1000 字。",
        "stale" | "grant-state" => "请刷新页面后再办理。",
        "plugin-busy" | "rate" => "请稍候再试。",
        "plugin-timeout"
        | "plugin-out-of-memory"
        | "plugin-crashed"
        | "plugin-output-too-large"
        | "plugin-too-many-handles"
        | "plugin-bad-answer" => "该应用本次运行失败，已记录；请稍后再试，或联系发布单位。",
        "unavailable" | "log-unavailable" => "请稍后再试。",
        "internal" => "请将跟踪号告知平台管理员。",
        // A plugin speaks to its own readers.
        _ => return Text::plain(said),
    };
    Text::new(zh, Some(said))
}

/// Why a field can't be taken, in Chinese where the reason is one of the platform's own.
pub(super) fn reason(said: &str) -> Text<'_> {
    let zh = match said {
        "is required" => "必须填写",
        "must be 17 digits and a check character 0-9 or X (GB 11643)" => "应为 17 位数字加一位校验码（0-9 或 X）",
        "digits 7 to 14 are no date of birth (GB 11643)" => "第 7 至 14 位不是有效的出生日期",
        "can't be entered here" => "该号码无法在此录入，请联系街道办理转入",
        "no resident with this ID number is registered in your jurisdiction" => "本辖区没有登记该身份号码的居民",
        "must be true or false" => "应为是或否",
        said if said.starts_with("the check character") => "校验码不符，请核对号码",
        said if said.contains("is not the date of birth that") => "与身份号码载明的出生日期不一致",
        said if said.contains("is not the sex that") => "与身份号码载明的性别不一致",
        said if said.starts_with("is no date") => "不是有效日期",
        said if said.starts_with("is no code") => "不在代码表内",
        said if said.starts_with("is no region") => "不是有效的区划代码",
        said if said.starts_with("ended with") => "区划已变更，请按新区划填写",
        said if said.starts_with("must be a grid cell") => "应为 15 位网格代码",
        said if said.starts_with("is no id of a") => "不是有效的平台编号",
        said if said.starts_with("must have") && said.contains("characters") => "长度不符",
        said if said.starts_with("must be a whole number") => "应为整数",
        said if said.starts_with("must be a decimal") => "应为数字",
        said if said.starts_with("must lie in") => "超出范围",
        said if said.starts_with("the region of this") => "不在本辖区",
        // A pattern says nothing to most people.
        said if said.starts_with("must match") => return Text::both("格式不符", "is not written as it should be"),
        said => return Text::plain(said),
    };
    Text::new(zh, Some(said))
}

/// An access of a request or a grant in one line.
pub(super) fn access(catalogue: &Catalogue, manifest: &Manifest, access: &Access) -> Text<'static> {
    let entity = catalogue.entity_of(&manifest.plugin.id, &access.entity);
    let name = entity.map_or(access.entity.as_str(), |entity| entity.title.zh());
    let operations: Vec<_> = access.operations.iter().map(|operation| operation_word(*operation)).collect();
    let fields = access.fields.iter().map(|(field, mode)| {
        let known = entity.and_then(|entity| entity.field(field));
        let sensitive = known.is_some_and(|field| field.classification == Classification::Sensitive).then_some("敏感");
        let notes: Vec<_> = [mode_word(*mode), sensitive].into_iter().flatten().collect();
        let title = known.map_or(field.as_str(), |field| field.title.zh());
        if notes.is_empty() { title.to_owned() } else { format!("{title}（{}）", notes.join("，")) }
    });
    let parts = fields.chain(access.checks.keys().map(|check| format!("核验 {check}")));
    let parts: Vec<String> = parts.chain(access.tables.iter().map(table)).collect();
    let conditions: Vec<_> = [access.condition.as_deref(), access.and_where.as_deref()].into_iter().flatten().collect();
    let mut line = format!("{}{name}：{}", operations.join("、"), parts.join("、"));
    if !conditions.is_empty() {
        line.push_str(&format!("；仅限 {}", conditions.join(" 且 ")));
    }
    if let Some(regions) = &access.regions {
        let codes: Vec<_> = regions.iter().map(|region| region.as_str()).collect();
        line.push_str(&format!("；区划 {}", codes.join("、")));
    }
    if access.bound {
        line.push_str("；只由平台显示，不交给插件");
    }
    if access.unattended {
        line.push_str("；无人操作时也提供");
    }
    let purpose = manifest.purpose(&access.purpose).map_or(access.purpose.as_str(), |purpose| purpose.title.zh());
    line.push_str(&format!("。目的：{purpose}"));
    if manifest.purpose(&access.purpose).is_some_and(|purpose| purpose.emergency) {
        line.push_str("（应急：平时不提供，须启动应急访问）");
    }
    Text::from(line)
}

/// A table with what is fixed of it.
fn table(table: &Table) -> String {
    let condition = table.condition.as_ref().map(|condition| format!("；仅限 {condition}")).unwrap_or_default();
    format!("统计表“{}”（按 {}{condition}）", table.title.zh(), table.by.join("、"))
}

fn operation_word(operation: Operation) -> &'static str {
    match operation {
        Operation::Read => "读取",
        Operation::Check => "核验",
        Operation::Aggregate => "统计",
        Operation::Create => "新建",
        Operation::Update => "修改",
        Operation::Link => "关联查询",
        Operation::PublicLookup => "公开查验",
    }
}

/// A kind of emergency.
pub(super) fn cause(cause: Cause) -> Text<'static> {
    match cause {
        Cause::LifeAndHealth => Text::both("抢救生命健康", "life and health"),
        Cause::NaturalDisaster => Text::both("自然灾害", "natural disaster"),
        Cause::Accident => Text::both("事故灾难", "accident"),
        Cause::PublicHealth => Text::both("公共卫生事件", "public health"),
        Cause::PublicSafety => Text::both("社会安全事件", "public safety"),
    }
}

/// How a field is granted.
pub(super) fn mode(mode: Mode) -> Text<'static> {
    match mode {
        Mode::Plain => Text::both("明文", "plain"),
        Mode::Masked => Text::both("脱敏", "masked"),
        Mode::Check => Text::both("仅核验", "check"),
        Mode::Aggregate => Text::both("仅统计", "aggregate"),
    }
}

/// How far a field may go.
pub(super) fn classification(classification: Classification) -> Text<'static> {
    match classification {
        Classification::Public => Text::both("公开", "public"),
        Classification::Internal => Text::both("内部", "internal"),
        Classification::Personal => Text::both("个人信息", "personal"),
        Classification::Sensitive => Text::both("敏感个人信息", "sensitive"),
    }
}

fn mode_word(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Plain => None,
        Mode::Masked => Some("脱敏"),
        Mode::Check => Some("仅核验"),
        Mode::Aggregate => Some("仅统计"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_stays_as_it_was_said() {
        assert_eq!(reason("请填写核定理由"), Text::plain("请填写核定理由"));
        assert_eq!(reason("is required"), Text::both("必须填写", "is required"));
        assert_eq!(detail("invalid", "请填写"), Text::plain("请填写"));
        assert_eq!(title("odd", 404), Text::both("没有找到", "Not found"));
    }

    #[test]
    fn instants_are_shown_in_the_communitys_time() {
        assert_eq!(moment("2026-01-01T16:30:00Z".parse().unwrap()), "2026-01-02 00:30");
    }
}
