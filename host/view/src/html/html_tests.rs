use super::pages::*;
use super::*;
use crate::block::Tone;
use crate::splice::Filled;
use crate::{ActionResult, View};

const HOSTILE: &str = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;--><!--";

struct Codes;

impl Names for Codes {
    fn region(&self, code: &str) -> Option<String> {
        (code == "440104022001").then(|| "流花社区".to_owned())
    }
    fn code(&self, list: &str, code: &str) -> Option<String> {
        (list == "outcome" && code == "granted").then(|| "同意".to_owned())
    }
}

/// Names that are as hostile as the rest.
struct HostileCodes<'a>(&'a str);

impl Names for HostileCodes<'_> {
    fn region(&self, _: &str) -> Option<String> {
        Some(self.0.to_owned())
    }
    fn code(&self, _: &str, _: &str) -> Option<String> {
        Some(self.0.to_owned())
    }
}

const NO_PARAMS: &[(String, String)] = &[];

fn context(names: &dyn Names) -> BlockContext<'_> {
    BlockContext { plugin: "a.b", page: "/list", params: NO_PARAMS, origin: "https://linli.example", csrf: Some("tok"), names }
}

/// The HTML of one block, given as JSON.
fn block(json: &str) -> String {
    filled_block(json, |_| None)
}

fn filled_block<'f>(json: &str, fill: impl Fn(usize) -> Option<Filled<'f>> + 'f) -> String {
    let json = format!(r#"{{"title":"页","blocks":[{json}]}}"#);
    let view = View::parse(&json).unwrap();
    blocks::blocks(&context(&Codes), &view, &fill).into_string()
}

/// Tags and attribute names in order, without any text or value: what an injected string would change.
fn skeleton(html: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let mut name = String::new();
        let mut in_quotes = false;
        let mut end = rest.len();
        for (index, c) in rest.char_indices().skip_while(|(index, _)| *index <= start) {
            match c {
                '"' => in_quotes = !in_quotes,
                '>' if !in_quotes => {
                    end = index + 1;
                    break;
                }
                c if !in_quotes => name.push(c),
                _ => {}
            }
        }
        parts.push(name);
        rest = &rest[end..];
    }
    parts
}

/// Values of an attribute.
fn values<'h>(html: &'h str, attribute: &str) -> Vec<&'h str> {
    html.split(&format!(" {attribute}=\"")).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Emergencies in every state.
fn emergencies(viewer: &Viewer<'_>, word: &str) -> String {
    let text = || Text::both(word, word);
    let glass = |state, review| Glass {
        id: 4,
        application: text(),
        purpose: text(),
        who: word,
        cause: text(),
        reason: word,
        opened: word.to_owned(),
        ends: word.to_owned(),
        ended_by: Some(word),
        state,
        review,
    };
    let review = |is_justified| Some(GlassReview { is_justified, by: word, at: word.to_owned(), note: word });
    let glasses = [
        glass(GlassState::InForce, None),
        glass(GlassState::AwaitingReview { can_review: true }, None),
        glass(GlassState::AwaitingReview { can_review: false }, None),
        glass(GlassState::Reviewed, review(true)),
        glass(GlassState::Reviewed, review(false)),
    ];
    let offers = [GlassOffer { value: word.to_owned(), application: text(), purpose: text(), is_chosen: true }];
    let (causes, flash) = ([(word, text())], Some(Flash { message: text(), tone: Tone::Warning }));
    BreakGlassPage { viewer, offers: &offers, causes: &causes, glasses: &glasses, next: Some(4), flash }.render()
}

/// Every page with `word` in every place that takes a text from elsewhere.
fn all_pages(word: &str) -> Vec<String> {
    let w = serde_json::to_string(word).unwrap();
    let t = format!(r#"{{"zh":{w},"en":{w}}}"#);
    let view_json = format!(
        r#"{{"title":{t},"blocks":[{{"type":"text","text":{t},"tone":"error"}},{{"type":"text","text":{t}}},
        {{"type":"stat","items":[{{"label":{t},"value":{w},"unit":{t}}}]}},
        {{"type":"table","title":{t},"columns":[{{"key":{w},"title":{t}}},{{"key":"c","title":{t},"format":"code:x"}},
          {{"key":"r","title":{t},"format":"region"}},{{"key":"d","title":{t},"format":"date"}}],
          "rows":[{{{w}:{w},"c":"1","r":"1","d":{w},"id":{w}}}],
          "actions":[{{"action":"go","title":{t},"input":{{"a":"id"}},"with":{{"b":{w}}}}}],
          "next":{{"page":"/next","params":{{"p":{w}}}}}}},
        {{"type":"record","title":{t},"columns":[{{"key":"k","title":{t}}}],"row":{{"k":{w}}}}},
        {{"type":"form","action":"go","submit":{t},"fields":[
          {{"key":"a","title":{t},"input":"text","value":{w},"help":{t}}},{{"key":"b","title":{t},"input":"textarea","value":{w}}},
          {{"key":"c","title":{t},"input":"select","value":{w},"options":[{{"value":{w},"title":{t}}}]}},
          {{"key":"d","title":{t},"input":"hidden","value":{w}}},{{"key":"e","title":{t},"input":"resident","value":{w}}},
          {{"key":"f","title":{t},"input":"resident"}}]}},
        {{"type":"form","page":"/find","submit":{t},"fields":[{{"key":"a","title":{t},"input":"text","value":{w},"help":{t}}}]}},
        {{"type":"qr","page":"/verify","params":{{"n":{w}}},"caption":{t}}},
        {{"type":"link","page":"/x","params":{{"n":{w}}},"title":{t}}}]}}"#
    );
    let result_json = format!(r#"{{"message":{t},"goto":{{"page":"/x","params":{{"n":{w}}}}},"view":{view_json}}}"#);
    let view = View::parse(&view_json).unwrap();
    let result = ActionResult::parse(&result_json).unwrap();
    let names = HostileCodes(word);
    let params = [(word.to_owned(), word.to_owned())];
    let roles = ["worker", "resident", "admin", "auditor", word].map(str::to_owned);
    let viewer = Viewer { name: word, roles: &roles, csrf: word, unreviewed: 7 };
    let text = || Text::both(word, word);
    let flash = || Some(Flash { message: text(), tone: Tone::Warning });
    let basis = || Basis { plugin: text(), purpose: text(), legal_basis: word };
    let context =
        BlockContext { plugin: word, page: "/list", params: &params, origin: "https://linli.example", csrf: Some(word), names: &names };
    let fill = |_: usize| None;
    let fields = [FieldKind::Text, FieldKind::Checkbox, FieldKind::Select { options: vec![FieldOption { value: word, title: text() }] }]
        .map(|kind| FieldInput { key: word, title: text(), help: Some(text()), kind, required: true, value: word, error: Some(text()) });
    let states = [
        GrantState::Pending { can_approve: true, is_sensitive: true, assessment: None },
        GrantState::Pending { can_approve: true, is_sensitive: true, assessment: Some((word, word)) },
        GrantState::Granted { until: word },
        GrantState::Revoked { reason: Some(word) },
        GrantState::Expired { on: word },
    ];
    let plugins = states.map(|state| PluginRow {
        id: word,
        name: text(),
        version: word,
        publisher: word,
        digest: word,
        signed: true,
        requests: vec![text()],
        grant: Some((3, 1)),
        state,
        paused: Some(7),
    });
    let outcomes = [AccessOutcome::Allowed, AccessOutcome::Denied(text()), AccessOutcome::Failed(text())];
    let entries = outcomes.map(|outcome| AccessEntry {
        when: word,
        who: word,
        department: text(),
        application: text(),
        purpose: text(),
        legal_basis: Some(word),
        emergency: Some(text()),
        fields: vec![AccessedField { title: text(), mode: word }],
        outcome,
    });
    let found = [Found { id: word, cells: vec![Some(word), None] }];
    let audited = [AuditEntry {
        sequence: 7,
        when: word,
        actor: word,
        application: word,
        purpose: word,
        entry_point: word,
        break_glass: Some(4),
        outcome: text(),
        is_allowed: false,
        accesses: vec![word.to_owned()],
        subjects: 3,
        leaf: word,
    }];
    let previewed = [PreviewAccess {
        title: text(),
        what: word.to_owned(),
        unattended: Some(word),
        records: text(),
        communities: vec![Bar { name: word, said: word.to_owned(), value: 3, most: 5 }],
        told: vec![text()],
        regions: text(),
        fields: vec![PreviewField { title: text(), classification: text(), mode: text(), last_used: Some(word.to_owned()) }],
        examples: vec![vec![word.to_owned()]],
        columns: vec![text()],
    }];
    let account = AccountRow {
        login: word,
        name: word,
        roles: vec!["worker", word],
        regions: vec![word.to_owned()],
        clearance: text(),
        publisher: Some(word),
        disabled: true,
        version: 3,
        pending: Some((word.to_owned(), word.to_owned())),
        can_change: true,
    };
    let form = || AccountForm {
        name: word,
        roles: vec![("worker", true)],
        regions: word.to_owned(),
        clearances: vec![("public", text(), true)],
        publishers: vec![(word, word, false)],
    };
    let accounts = [account.clone(), AccountRow { disabled: false, can_change: false, ..account.clone() }];
    vec![
        AccountsPage { viewer: &viewer, accounts: &accounts, form: form(), said_once: Some((word, word)), next: Some(4), flash: flash() }
            .render(),
        AccountPage { viewer: &viewer, account: &account, form: form() }.render(),
        emergencies(&viewer, word),
        PreviewPage {
            viewer: &viewer,
            grant: 3,
            version: 1,
            plugin: text(),
            accesses: &previewed,
            compared_with: Some(2),
            differences: &[(word.to_owned(), vec![word.to_owned()])],
            unused: &[word.to_owned()],
            flash: flash(),
        }
        .render(),
        PasswordPage { viewer: &viewer, error: Some(text()) }.render(),
        LoginPage { csrf: Some(word), username: word, error: Some(text()), next: Some(word) }.render(),
        HomePage {
            viewer: &viewer,
            plugins: &[PluginMenu {
                id: word,
                name: text(),
                description: Some(text()),
                pages: vec![MenuEntry { path: "/x", title: text(), is_emergency: true }],
            }],
            flash: flash(),
        }
        .render(),
        PluginPage { viewer: Some(&viewer), basis: basis(), context, view: &view, fill: &fill, flash: flash() }.render(),
        ActionPage { viewer: Some(&viewer), basis: basis(), title: text(), context, result: &result, fill: &fill }.render(),
        ProblemPage {
            viewer: None,
            status: 401,
            title: text(),
            detail: Some(text()),
            code: word,
            trace_id: Some(word),
            faults: &[(text(), text())],
            back: Some("/pages/a.b/x"),
        }
        .render(),
        RecordPage {
            viewer: &viewer,
            whose: Whose::Own,
            fields: &[RecordField { title: text(), value: Some(word), source: word, when: word }],
            flash: flash(),
        }
        .render(),
        RecordPage {
            viewer: &viewer,
            whose: Whose::Resident { id: word, account: Some((word, true)), said_once: Some(word) },
            fields: &[],
            flash: flash(),
        }
        .render(),
        RecordPage { viewer: &viewer, whose: Whose::Resident { id: word, account: None, said_once: None }, fields: &[], flash: None }
            .render(),
        AccessLogPage { viewer: &viewer, entries: &entries, next: Some(word) }.render(),
        AdminPage { viewer: &viewer, plugins: &plugins, flash: flash() }.render(),
        EntryPage { viewer: &viewer, entity: word, title: text(), fields: &fields, flash: flash(), known: Some("/records/resident/x") }
            .render(),
        ListsPage { viewer: &viewer, entities: &[(word, text())] }.render(),
        RecordsPage { viewer: &viewer, entity: word, title: text(), columns: &[text(), text()], found: &found, next: Some(word) }.render(),
        SearchPage { viewer: &viewer, typed: word, columns: &[text(), text()], found: Some(&found), error: Some(text()) }.render(),
        AuditPage { viewer: &viewer, note: Some(word), key: word, entries: &audited, next: Some(7) }.render(),
    ]
}

#[test]
fn hostile_text_changes_no_tag_and_no_attribute_name() {
    for (calm, hostile) in all_pages("calm").iter().zip(all_pages(HOSTILE)) {
        assert_eq!(skeleton(calm), skeleton(&hostile));
        assert!(!hostile.contains("<script") && !hostile.contains("<img"));
    }
}

#[test]
fn addresses_stay_on_this_site() {
    for word in [HOSTILE, "javascript:alert(1)", "//evil.example", "../../admin"] {
        for page in all_pages(word) {
            for address in values(&page, "href").into_iter().chain(values(&page, "action")) {
                let path = address.strip_prefix("https://linli.example").unwrap_or(address);
                let is_page = path.starts_with('/') && !path.starts_with("//") && !path.contains("/../");
                assert!(is_page || path.starts_with('#'), "{address}");
            }
        }
    }
}

#[test]
fn pages_run_under_the_policy() {
    for page in all_pages("calm") {
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"zh-CN\">"));
        for tag in skeleton(&page) {
            assert!(!tag.starts_with("style") && !tag.starts_with("script"), "{tag}");
            assert!(!tag.contains(" style=") && !tag.contains(" on"), "{tag}");
        }
        assert!(page.contains(r#"<link rel="stylesheet" href="/assets/linli.css">"#));
    }
    assert!(!STYLESHEET.contains("url(") && !STYLESHEET.contains("@import"));
}

#[test]
fn every_posted_form_carries_the_token() {
    for page in all_pages("calm") {
        for form in page.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let is_get = form.contains(r#"method="get""#);
            let is_safe_post = form.contains(r#"method="post""#) && form.contains(r#"name="_csrf" value="calm""#);
            // What a form that leads to a page sends stands in an address.
            assert!(if is_get { !form.contains("name=\"_") } else { is_safe_post }, "{form}");
        }
    }
}

#[test]
fn every_visible_control_has_a_label() {
    for page in all_pages("calm") {
        let labelled = values(&page, "for");
        for tag in ["<input", "<select", "<textarea"] {
            for control in page.split(tag).skip(1).map(|rest| rest.split('>').next().unwrap()) {
                let is_hidden = control.contains(r#"type="hidden""#);
                assert!(is_hidden || labelled.contains(&values(control, "id")[0]), "{control}");
            }
        }
    }
}

#[test]
fn text_blocks_speak_in_their_tone() {
    assert_eq!(block(r#"{"type":"text","text":{"zh":"好","en":"ok"}}"#), r#"<p class="prose">好 <span class="en" lang="en">ok</span></p>"#);
    assert!(block(r#"{"type":"text","text":"错","tone":"error"}"#).contains(r#"class="notice error" role="alert""#));
    assert!(block(r#"{"type":"text","text":"好","tone":"success"}"#).contains(r#"role="status""#));
}

#[test]
fn tables_have_headers_names_and_row_buttons() {
    let html = block(
        r#"{"type":"table","title":"名单","columns":[{"key":"name","title":"姓名"},{"key":"grid","title":"网格","format":"region"},
        {"key":"outcome","title":"结果","format":"code:outcome"},{"key":"ok","title":"在住"},{"key":"gone","title":"备注"}],
        "rows":[{"id":"T1","name":"陈桂芳","grid":"440104022001","outcome":"other","ok":true}],
        "actions":[{"action":"decide","title":"核定","input":{"resident":"id"},"with":{"outcome":"granted"}}]}"#,
    );
    for part in [
        r#"<caption><span class="caption">名单</span></caption>"#,
        r#"<th scope="col">姓名</th>"#,
        r#"<th scope="row">陈桂芳</th>"#,
        r#"<td data-label="网格">流花社区</td>"#,
        r#"<td data-label="结果">other</td>"#,
        r#"<td data-label="在住">是 Yes</td>"#,
        r#"<td data-label="备注"><span class="none">—</span></td>"#,
        r#"<form method="post" action="/actions/a.b/decide">"#,
        r#"<input type="hidden" name="resident" value="T1">"#,
        r#"<input type="hidden" name="outcome" value="granted">"#,
        r#"核定<span class="visually-hidden">：陈桂芳</span>"#,
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
}

#[test]
fn an_empty_table_says_so() {
    let html = block(r#"{"type":"table","columns":[{"key":"a","title":"A"}],"rows":[]}"#);
    assert!(html.contains(r#"没有记录 <span class="en" lang="en">No records</span>"#) && !html.contains("<table"));
}

#[test]
fn bound_blocks_show_what_the_host_found() {
    let table = r#"{"type":"table","columns":[{"key":"a","title":"A"}],"query":{"entity":"e","fields":["a"]}}"#;
    let html = filled_block(table, |_| Some(Filled { rows_json: r#"[{"a":"甲"}]"#, next: Some("c/1".to_owned()) }));
    assert!(html.contains("甲") && html.contains(r#"href="/pages/a.b/list?after.0=c%2F1""#), "{html}");
    assert!(block(table).contains("没有记录"));
    let record = r#"{"type":"record","columns":[{"key":"a","title":"A"}],"query":{"entity":"e","id":"i","fields":["a"]}}"#;
    assert!(filled_block(record, |_| Some(Filled { rows_json: r#"{"a":"乙"}"#, next: None })).contains("<dd>乙</dd>"));
    assert!(filled_block(record, |_| Some(Filled { rows_json: "null", next: None })).contains("没有记录"));
}

#[test]
fn a_resident_is_asked_for_by_id_number_unless_known() {
    let asked =
        block(r#"{"type":"form","action":"a","submit":"交","fields":[{"key":"who","title":"居民","input":"resident","required":true}]}"#);
    for part in [
        r#"name="who.id_number""#,
        r#"pattern="[1-9][0-9]{16}[0-9Xx]""#,
        "inputmode=",
        " required",
        r#"aria-describedby="b0-who-help""#,
        r#"id="b0-who-help""#,
        r#"<label for="b0-who">"#,
    ] {
        assert!(asked.contains(part), "{part}\n{asked}");
    }
    let known =
        block(r#"{"type":"form","action":"a","submit":"交","fields":[{"key":"who","title":"居民","input":"resident","value":"T1"}]}"#);
    assert!(known.contains(r#"<input type="hidden" name="who" value="T1">"#) && !known.contains("id_number"));
}

#[test]
fn without_a_session_there_is_nothing_to_send() {
    let json = r#"{"title":"t","blocks":[{"type":"form","action":"a","submit":"交","fields":[]},
        {"type":"table","columns":[{"key":"a","title":"A"}],"rows":[{"a":1}],"actions":[{"action":"x","title":"X"}]}]}"#;
    let view = View::parse(json).unwrap();
    let public = BlockContext { csrf: None, ..context(&Codes) };
    let html = blocks::blocks(&public, &view, &|_| None).into_string();
    assert!(!html.contains("<form") && html.contains("登录后可办理"));
}

#[test]
fn a_form_that_leads_to_a_page_is_open_to_everybody() {
    let json = r#"{"title":"t","blocks":[{"type":"form","page":"/verify","submit":"查","fields":[{"key":"number","title":"编号","input":"text"}]}]}"#;
    let view = View::parse(json).unwrap();
    let public = BlockContext { csrf: None, ..context(&Codes) };
    let html = blocks::blocks(&public, &view, &|_| None).into_string();
    assert!(html.contains(r#"<form class="card inputs" method="get" action="/pages/a.b/verify">"#), "{html}");
    assert!(!html.contains("hidden"), "{html}");
}

#[test]
fn a_code_leads_to_an_absolute_address_that_can_be_read() {
    let html = block(r#"{"type":"qr","page":"/verify","params":{"number":"JZ 1"},"caption":"扫码"}"#);
    assert!(html.contains("<svg class=\"qr\""));
    assert!(html.contains(r#"<a href="https://linli.example/pages/a.b/verify?number=JZ%201">https://"#), "{html}");
}

#[test]
fn roles_decide_which_tasks_are_offered() {
    let home = |role: &str| {
        let roles = [role.to_owned()];
        let viewer = Viewer { name: "某", roles: &roles, csrf: "t", unreviewed: 0 };
        HomePage { viewer: &viewer, plugins: &[], flash: None }.render()
    };
    assert!(home("worker").contains("录入居民") && !home("worker").contains("插件与授权"));
    assert!(home("resident").contains("谁看过我的信息") && !home("resident").contains("录入居民"));
    assert!(home("admin").contains("插件与授权"));
    assert!(home("auditor").contains("审计"));
}

#[test]
fn faults_stand_at_their_fields() {
    let fields = [FieldInput {
        key: "name",
        title: "姓名".into(),
        help: None,
        kind: FieldKind::Text,
        required: true,
        value: "",
        error: Some("必须填写".into()),
    }];
    let viewer = Viewer { name: "某", roles: &[], csrf: "t", unreviewed: 0 };
    let html =
        EntryPage {
            viewer: &viewer, entity: "resident", title: Text::both("居民", "Resident"), fields: &fields, flash: None, known: None
        }
        .render();
    for part in
        [r##"<a href="#field-name">"##, r#"aria-invalid="true""#, r#"aria-describedby="field-name-error""#, r#"id="field-name-error""#]
    {
        assert!(html.contains(part), "{part}");
    }
}
