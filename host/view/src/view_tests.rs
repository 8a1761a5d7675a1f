use super::*;

/// A view of one block, whose text is given.
fn one(block: &str) -> String {
    format!(r#"{{"title":"t","blocks":[{block}]}}"#)
}

fn fault(block: &str) -> String {
    View::parse(&one(block)).unwrap_err().to_string()
}

const COLUMNS: &str = r#""columns":[{"key":"name","title":"姓名"}]"#;

#[test]
fn every_block_of_the_reference_parses() {
    let json = r#"{ "title": {"zh": "应享名单", "en": "Entitled"}, "blocks": [
        {"type": "text", "text": "说明", "tone": "warning"},
        {"type": "stat", "items": [{"label": "人数", "value": "12", "unit": "人"}, {"label": "户数", "value": 7}]},
        {"columns": [{"key": "grid", "title": "网格", "format": "region"}, {"key": "sex", "title": "性别", "format": "code:sex"}],
         "rows": [{"id": "x", "grid": "440104022001", "sex": null, "ok": true}], "type": "table", "title": "表",
         "actions": [{"action": "decide", "title": "核定", "input": {"resident": "id"}, "with": {"outcome": "granted"}}],
         "next": {"page": "/eligible", "params": {"after": "abc"}}},
        {"type": "table", "columns": [{"key": "name", "title": "姓名"}],
         "query": {"entity": "resident", "fields": ["name", "age"], "filter": [{"field": "age", "op": "ge", "values": [90]}],
                   "sort": [{"field": "age", "descending": true}], "limit": 20}},
        {"type": "record", "columns": [{"key": "d", "title": "日期", "format": "date"}], "row": {"d": "2026-01-01"}},
        {"type": "form", "action": "decide", "submit": "提交", "fields": [
            {"key": "resident", "title": "居民", "input": "resident", "required": true, "help": "身份证"},
            {"key": "outcome", "title": "结果", "input": "select", "options": [{"value": "granted", "title": "同意"}]}]},
        {"type": "qr", "page": "/verify", "params": {"number": "1"}, "caption": "扫码"},
        {"type": "link", "page": "/decisions", "title": "记录"}
    ]}"#;
    let view = View::parse(json).unwrap();
    assert_eq!(view.blocks.len(), 8);
    assert!(view.is_bound());
    let (index, bound) = view.bound().next().unwrap();
    assert_eq!((index, bound.entity.as_str(), bound.limit), (3, "resident", 20));
}

#[test]
fn null_is_absent_where_filling_writes_nothing() {
    let json = one(&format!(r#"{{"type":"table",{COLUMNS},"rows":[],"title":null,"actions":null}}"#));
    assert!(View::parse(&json).is_ok());
    assert!(fault(&format!(r#"{{"type":"table",{COLUMNS},"rows":[],"next":null}}"#)).starts_with("block 0, `next`: "));
    assert!(fault(&format!(r#"{{"type":"table",{COLUMNS},"rows":null}}"#)).starts_with("block 0, `rows`: "));
}

#[test]
fn faults_name_block_and_member() {
    let second = |block: &str| View::parse(&one(&format!(r#"{{"type":"text","text":"a"}},{block}"#))).unwrap_err().to_string();
    assert_eq!(second(r#"{"type":"text"}"#), "block 1, `text`: this member is missing");
    assert_eq!(second(r#"{"text":"a"}"#), "block 1, `type`: this member is missing");
    assert_eq!(second(r#"{"type":"text","text":5}"#), r#"block 1, `text`: invalid type: integer, expected a string or {"zh": …, "en": …}"#);
    assert!(second(r#"{"type":"text","text":"a","html":"<b>"}"#).starts_with("block 1, unknown field `html`"));
    let nested = second(r#"{"type":"table","columns":[{"key":"a","title":"A","width":3}],"rows":[]}"#);
    assert!(nested.starts_with("block 1, `columns`: unknown field `width`"), "{nested}");
    assert!(second(r#"{"type":"chart"}"#).starts_with("block 1, `type`: unknown variant `chart`"));
    assert_eq!(second(r#"{"type":"text","text":"a","page":"/"}"#), "block 1, `page`: a block of this type does not have this member");
    assert!(second(r#"{"type":"text","text":"a","text":"b"}"#).contains("duplicate field `text`"));
}

#[test]
fn faults_outside_the_blocks_say_so() {
    let fault = |json: &str| View::parse(json).unwrap_err().to_string();
    assert!(fault("").starts_with("not JSON"));
    assert!(fault("[]").contains("invalid"));
    assert_eq!(fault(r#"{"blocks":[]}"#), "missing field `title`");
    assert!(fault(r#"{"title":"t","blocks":[],"style":"x"}"#).starts_with("unknown field `style`"));
    assert!(fault(r#"{"title":[],"blocks":[]}"#).starts_with("`title`: invalid type"));
    assert!(fault(r#"{"title":"t","blocks":{}}"#).starts_with("`blocks`: invalid type"));
}

#[test]
fn messages_never_quote_a_value() {
    let secret = "440104194603010029";
    for block in [
        format!(r#"{{"type":"text","text":{secret}}}"#),
        format!(r#"{{"type":"stat","items":"{secret}"}}"#),
        format!(r#"{{"type":"{secret}"}}"#),
        format!(r#"{{"type":"text","text":"x","{secret}":1}}"#),
        format!(r#"{{"type":"table",{COLUMNS},"rows":["{secret}"]}}"#),
        format!(r#"{{"type":"table",{COLUMNS},"query":{{"entity":{secret},"fields":[]}}}}"#),
        format!(r#"{{"type":"table","columns":[{{"key":"a","title":"A","format":"{secret}"}}],"rows":[]}}"#),
        format!(r#"{{"type":"link","title":"x","page":"{secret}"}}"#),
    ] {
        let message = fault(&block);
        assert!(!message.contains(secret), "{message}");
    }
}

#[test]
fn a_table_has_rows_or_a_query() {
    let query = r#""query":{"entity":"resident","fields":["name"]}"#;
    assert_eq!(fault(&format!(r#"{{"type":"table",{COLUMNS}}}"#)), "block 0, `rows`: a table has either `rows` or `query`");
    assert!(fault(&format!(r#"{{"type":"table",{COLUMNS},"rows":[],{query}}}"#)).contains("either"));
    assert!(fault(&format!(r#"{{"type":"table",{COLUMNS},{query},"next":{{"page":"/"}}}}"#)).contains("the host writes"));
    assert!(fault(&format!(r#"{{"type":"record",{COLUMNS},{query}}}"#)).starts_with("block 0, `query.id`"));
    assert!(fault(&format!(r#"{{"type":"record",{COLUMNS},"rows":[]}}"#)).contains("either"));
}

#[test]
fn queries_are_checked() {
    let query = |rest: &str| {
        let block = format!(r#"{{"type":"table",{COLUMNS},"query":{{"entity":"resident","fields":["name"]{rest}}}}}"#);
        View::parse(&one(&block)).map(drop).map_err(|error| error.to_string())
    };
    assert!(query("").is_ok());
    assert!(query(r#","limit":1000"#).is_ok());
    assert!(query(r#","limit":1001"#).unwrap_err().starts_with("block 0, `query.limit`"));
    assert!(query(r#","limit":0"#).is_err());
    assert!(query(r#","id":"token""#).is_err());
    assert!(query(r#","sql":"x""#).unwrap_err().contains("unknown field `sql`"));
    for (op, values, is_fit) in [
        ("has", "[]", true),
        ("has", "[1]", false),
        ("eq", "[1]", true),
        ("eq", "[]", false),
        ("eq", "[1,2]", false),
        ("in", "[1,2]", true),
        ("prefix", r#"["4401"]"#, true),
        ("like", r#"["x"]"#, false),
        ("eq", "[[1]]", false),
    ] {
        let filter = format!(r#","filter":[{{"field":"age","op":"{op}","values":{values}}}]"#);
        assert_eq!(query(&filter).is_ok(), is_fit, "{op} {values}");
    }
}

#[test]
fn counts_and_lengths_are_capped() {
    let text = r#"{"type":"text","text":"a"}"#;
    let blocks = |count: usize| one(&vec![text; count].join(","));
    assert!(View::parse(&blocks(limit::BLOCKS)).is_ok());
    assert_eq!(View::parse(&blocks(limit::BLOCKS + 1)).unwrap_err().to_string(), "`blocks`: at most 100 are allowed");
    let columns = |count: usize| {
        let columns = vec![r#"{"key":"a","title":"A"}"#; count].join(",");
        format!(r#"{{"type":"table","columns":[{columns}],"rows":[]}}"#)
    };
    assert!(View::parse(&one(&columns(limit::COLUMNS))).is_ok());
    assert_eq!(fault(&columns(limit::COLUMNS + 1)), "block 0, `columns`: at most 50 are allowed");
    assert!(fault(&columns(0)).contains("at least one"));
    let rows = vec!["{}"; limit::ROWS + 1].join(",");
    assert_eq!(fault(&format!(r#"{{"type":"table",{COLUMNS},"rows":[{rows}]}}"#)), "block 0, `rows`: at most 1000 are allowed");
    let long = "长".repeat(limit::LABEL + 1);
    assert!(fault(&format!(r#"{{"type":"link","page":"/","title":"{long}"}}"#)).contains("at most 500 characters"));
}

#[test]
fn form_keys_are_names_and_occur_once() {
    let form = |fields: &str| fault(&format!(r#"{{"type":"form","action":"a","submit":"S","fields":[{fields}]}}"#));
    let field = |key: &str| format!(r#"{{"key":"{key}","title":"T","input":"text"}}"#);
    assert!(form(&format!("{},{}", field("a"), field("a"))).contains("occurs twice"));
    assert!(form(&field("_csrf")).contains("a name starts with a letter"));
    assert!(form(r#"{"key":"a","title":"T","input":"text","options":[{"value":1,"title":"O"}]}"#).contains("only a `select`"));
}

#[test]
fn a_form_leads_to_an_action_or_to_a_page() {
    let form =
        |rest: &str| View::parse(&one(&format!(r#"{{"type":"form","submit":"S",{rest}}}"#))).map(drop).map_err(|error| error.to_string());
    assert!(form(r#""page":"/find","fields":[{"key":"a","title":"T","input":"text"}]"#).is_ok());
    assert!(form(r#""page":"/find","action":"a","fields":[]"#).unwrap_err().contains("either `action` or `page`"));
    assert!(form(r#""fields":[]"#).unwrap_err().contains("either `action` or `page`"));
    assert!(form(r#""page":"//evil.example","fields":[]"#).is_err());
    assert!(form(r#""page":"/find","params":{"a":1},"fields":[]"#).unwrap_err().contains("`params`"));
    assert!(form(r#""page":"/find","fields":[{"key":"a","title":"T","input":"resident"}]"#).unwrap_err().contains("no `resident`"));
}

#[test]
fn a_query_for_a_declared_table_chooses_nothing() {
    let query = |rest: &str| {
        let block = format!(r#"{{"type":"table",{COLUMNS},"query":{{"entity":"resident","table":"elders"{rest}}}}}"#);
        View::parse(&one(&block))
            .map(|view| view.bound().map(|(_, bound)| bound.table.as_ref().map(|table| table.to_string())).collect::<Vec<_>>())
    };
    assert_eq!(query("").unwrap(), [Some("elders".to_owned())]);
    for rest in [
        r#","fields":["name"]"#,
        r#","filter":[{"field":"age","op":"ge","values":[90]}]"#,
        r#","sort":[{"field":"age"}]"#,
        r#","after":"p""#,
        r#","id":"token""#,
    ] {
        assert!(query(rest).unwrap_err().to_string().contains("`query"), "{rest}");
    }
}

#[test]
fn filling_replaces_the_query_and_nothing_else() {
    let json = one(concat!(
        r#"{"type":"text","text":"\"query\":{}"}, {"type":"table","columns":[{"key":"a","title":"A"}],"#,
        "\"\\u0071uery\"\n :  {\"entity\":\"e\",\"fields\":[]} , \"title\":\"T\"},",
        r#"{"query":{"entity":"e","id":"i","fields":["a"]},"type":"record","columns":[{"key":"a","title":"A"}]}"#
    ));
    let view = View::parse(&json).unwrap();
    let filled = view.render_json(|index| (index == 1).then(|| Filled { rows_json: r#"[{"a":"中"}]"#, next: Some("c\"1".to_owned()) }));
    assert_eq!(
        filled,
        one(concat!(
            r#"{"type":"text","text":"\"query\":{}"}, {"type":"table","columns":[{"key":"a","title":"A"}],"#,
            r#""rows":[{"a":"中"}],"next":"c\"1" , "title":"T"},"#,
            r#"{"row":null,"type":"record","columns":[{"key":"a","title":"A"}]}"#
        ))
    );
    assert!(serde_json::from_str::<serde_json::Value>(&filled).is_ok());
}
