//! The frame of every page: head, navigation, main part, foot.

use maud::{DOCTYPE, Markup, html};

use crate::block::Tone;
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

/// The person who looks at the page.
#[derive(Debug, Clone)]
pub struct Viewer<'a> {
    /// Name to show.
    pub name: &'a str,
    /// Roles: `worker`, `officer`, `resident`, `admin`, `steward`, `auditor`, `integrator`.
    pub roles: &'a [String],
    /// CSRF token of the session.
    pub csrf: &'a str,
    /// For an auditor: how many emergencies nobody has reviewed.
    pub unreviewed: u64,
}

/// A message over the page.
#[derive(Debug, Clone)]
pub struct Flash<'a> {
    /// What happened.
    pub message: Text<'a>,
    /// How it is meant.
    pub tone: Tone,
}

/// What every page has.
#[derive(Debug, Clone)]
pub struct Frame<'a> {
    /// Who looks at it; none on a public page.
    pub viewer: Option<&'a Viewer<'a>>,
    /// Path of the page, to mark it in the navigation.
    pub path: &'a str,
    /// A message over the page.
    pub flash: Option<Flash<'a>>,
}

/// A built-in task and the role that has it.
struct Task {
    roles: &'static [&'static str],
    path: &'static str,
    title: Text<'static>,
    hint: Text<'static>,
}

static TASKS: [Task; 9] = [
    Task {
        roles: &["worker"],
        path: route::ENTRY,
        title: Text::both("录入居民", "Enter a resident"),
        hint: Text::both("一次录入，各部门按需提取", "Entered once, extracted on demand"),
    },
    Task {
        roles: &["worker"],
        path: route::RECORDS,
        title: Text::both("查找居民", "Find a resident"),
        hint: Text::both("按姓名或公民身份号码", "By name or ID number"),
    },
    Task {
        roles: &["worker"],
        path: route::LISTS,
        title: Text::both("房屋、单位、设施与事项", "Other records"),
        hint: Text::both("查看和录入", "List and enter"),
    },
    Task {
        roles: &["resident"],
        path: route::MY_RECORD,
        title: Text::both("我的信息", "My record"),
        hint: Text::both("社区登记了我的哪些信息", "What the community has on record"),
    },
    Task {
        roles: &["resident"],
        path: route::MY_ACCESS,
        title: Text::both("谁看过我的信息", "Who read my record"),
        hint: Text::both("何时、何人、为何查阅", "When, by whom and why"),
    },
    Task {
        roles: &["admin"],
        path: route::ADMIN,
        title: Text::both("插件与授权", "Plugins and grants"),
        hint: Text::both("审核申请、批准、撤销", "Review, approve, revoke"),
    },
    Task {
        roles: &["admin"],
        path: route::ACCOUNTS,
        title: Text::both("账号", "Accounts"),
        hint: Text::both("新建、更改、停用", "Make, change, disable"),
    },
    Task {
        roles: &["auditor"],
        path: route::AUDIT,
        title: Text::both("审计", "Audit"),
        hint: Text::both("核验访问日志", "Verify the access log"),
    },
    Task {
        roles: &["worker", "officer", "auditor"],
        path: route::BREAK_GLASS,
        title: Text::both("应急访问", "Emergency access"),
        hint: Text::both("突发情况下限时使用，事后复核", "For emergencies, with an end and a review"),
    },
];

impl Viewer<'_> {
    fn tasks(&self) -> impl Iterator<Item = &'static Task> {
        TASKS.iter().filter(|task| self.roles.iter().any(|role| task.roles.contains(&role.as_str())))
    }
}

/// Cards of the built-in tasks that a person's roles have.
pub(crate) fn task_cards(viewer: &Viewer<'_>) -> Markup {
    html! {
        @for task in viewer.tasks() {
            li { a.card.task href=(task.path) {
                strong { (bilingual(&task.title)) }
                span.hint { (bilingual(&task.hint)) }
            } }
        }
    }
}

/// A role by its name on the screen.
pub(crate) fn role_name(role: &str) -> Text<'_> {
    match role {
        "worker" => Text::both("社区工作者", "Community worker"),
        "officer" => Text::both("部门经办人", "Department officer"),
        "resident" => Text::both("居民", "Resident"),
        "admin" => Text::both("平台管理员", "Platform admin"),
        "steward" => Text::both("数据管理员", "Data steward"),
        "auditor" => Text::both("审计员", "Auditor"),
        "developer" => Text::both("部门开发者", "Department developer"),
        "integrator" => Text::both("系统对接", "Integrator"),
        other => Text::plain(other),
    }
}

/// A whole page around `body`.
pub fn page(frame: &Frame<'_>, title: &Text<'_>, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="same-origin";
                title { (title.zh()) " · 邻里 Linli" }
                link rel="icon" type="image/svg+xml" href=(route::ICON);
                link rel="stylesheet" href=(route::STYLESHEET);
            }
            body {
                a.skip href="#main" { (label("跳到正文", "Skip to content")) }
                (header(frame))
                main #main tabindex="-1" {
                    @if let Some(viewer) = frame.viewer { (alarm(viewer)) }
                    @if let Some(flash) = &frame.flash { (notice(flash.tone, &flash.message)) }
                    (body)
                }
                footer.site-foot {
                    p { "社区统一录入，各部门按需提取；每次查阅都有记录。" }
                    p.en lang="en" { "Entered once, extracted on demand; every access is on the record." }
                }
            }
        }
    };
    page.into_string()
}

/// What an auditor sees on every page until it is done.
fn alarm(viewer: &Viewer<'_>) -> Markup {
    html! {
        @if viewer.unreviewed > 0 {
            p.alarm role="alert" { a href=(route::BREAK_GLASS) {
                strong.figure { (viewer.unreviewed) } " " (label("次应急访问尚未复核", "emergencies that nobody has reviewed"))
            } }
        }
    }
}

fn header(frame: &Frame<'_>) -> Markup {
    html! {
        header.site-head {
            div.bar {
                a.brand href=(route::HOME) { span.seal aria-hidden="true" { "邻" } "邻里 " span.en lang="en" { "Linli" } }
                @if let Some(viewer) = frame.viewer { (navigation(frame, viewer)) (person(viewer)) }
                @else if frame.path != route::LOGIN { a.sign-in href=(route::LOGIN) { (label("登录", "Log in")) } }
            }
        }
    }
}

fn navigation(frame: &Frame<'_>, viewer: &Viewer<'_>) -> Markup {
    let current = |path: &str| (frame.path == path).then_some("page");
    html! {
        nav aria-label="主导航 Main" {
            ul {
                li { a href=(route::HOME) aria-current=[current(route::HOME)] { (label("首页", "Home")) } }
                @for task in viewer.tasks() {
                    li { a href=(task.path) aria-current=[current(task.path)] { (bilingual(&task.title)) } }
                }
            }
        }
    }
}

fn person(viewer: &Viewer<'_>) -> Markup {
    let roles: Vec<Text<'_>> = viewer.roles.iter().map(|role| role_name(role)).collect();
    html! {
        div.person {
            span.who {
                a.name href=(route::PASSWORD) title="修改密码 Another password" { (viewer.name) }
                span.roles {
                    @for (index, role) in roles.iter().enumerate() {
                        @if index > 0 { "、" }
                        (role.zh())
                    }
                }
            }
            form method="post" action=(route::LOGOUT) {
                (csrf(viewer.csrf))
                button.quiet type="submit" { (label("退出", "Log out")) }
            }
        }
    }
}

/// The hidden field that proves a form is ours.
pub(crate) fn csrf(token: &str) -> Markup {
    html! { input type="hidden" name=(route::CSRF_FIELD) value=(token); }
}

/// Where a new account's log-in name is typed.
pub(crate) fn login_field() -> Markup {
    html! {
        div.field {
            label for="login" { (label("用户名", "Log-in name")) }
            input id="login" name="login" type="text" required maxlength="40" pattern="[a-z][a-z0-9._\\-]*" autocomplete="off";
        }
    }
}

/// A password that was made up, and whose.
pub(crate) fn said_once(login: &str, password: &str) -> Markup {
    html! {
        div.notice.success role="status" {
            strong.sign { "密码" }
            p { code { (login) } "：" code { (password) } " " (label("只显示这一次，请当面交给本人", "said once: hand it over in person")) }
        }
    }
}

/// A message in a tone that is spoken, too: an error interrupts a screen reader, the others wait.
pub(crate) fn notice(tone: Tone, message: &Text<'_>) -> Markup {
    let (class, role, prefix) = match tone {
        Tone::Info => ("notice info", "status", "提示"),
        Tone::Success => ("notice success", "status", "成功"),
        Tone::Warning => ("notice warning", "alert", "注意"),
        Tone::Error => ("notice error", "alert", "错误"),
    };
    html! {
        div class=(class) role=(role) {
            strong.sign { (prefix) }
            p.prose { (bilingual(message)) }
        }
    }
}

/// The page's heading.
pub(crate) fn heading(title: &Text<'_>) -> Markup {
    html! { h1 { (bilingual(title)) } }
}

/// What stands where there is nothing.
pub(crate) fn empty() -> Markup {
    html! { p.empty { (label("没有记录", "No records")) } }
}
