use super::*;

const GOOD: &str = r#"
    [plugin]
    id = "a.b-1"
    version = "1.0.0"
    platform = "0.1"
    name = "n"
    [[purpose]]
    id = "p"
    title = "t"
    legal-basis = "l"
    [[entity]]
    name = "visit"
    schema = "schemas/visit.json"
    [[access]]
    purpose = "p"
    entity = "resident"
    operations = ["read"]
    fields = { name = "plain", phone = "masked" }
    rows-per-call = 1000
    [[page]]
    path = "/x_1-y"
    title = "t"
    purpose = "p"
    roles = ["worker"]
    [[action]]
    name = "do_it-1"
    title = "t"
    purpose = "p"
    roles = ["worker", "officer"]
    input = { who = "resident" }
"#;

/// What is said of a manifest in which one text stands for another.
fn with(from: &str, to: &str) -> Result<Manifest, String> {
    assert!(GOOD.contains(from), "{from}");
    Manifest::read(&GOOD.replacen(from, to, 1)).map_err(|reason| reason.to_string())
}

#[test]
fn a_manifest_says_who_comes_in_where_and_for_what() {
    let manifest = with("n", "n").unwrap();
    let entries = manifest.entry_points();
    assert!(entries.keys().eq(["action do_it-1", "page /x_1-y"]));
    let action = &entries["action do_it-1"];
    assert_eq!((action.kind, &*action.name, &*action.purpose, action.public), (EntryKind::Action, "do_it-1", "p", false));
    assert_eq!((action.roles.len(), action.input["who"]), (2, InputKind::Resident));
    let page = &entries["page /x_1-y"];
    assert_eq!((page.kind, &*page.name, page.public, page.input.len()), (EntryKind::Page, "/x_1-y", false, 0));
    assert!(manifest.pages[0].menu);
    assert_eq!(manifest.purpose("p").map(|purpose| &*purpose.legal_basis), Some("l"));
    assert!(manifest.purpose("q").is_none());
}

#[test]
fn names_are_of_few_signs_and_short() {
    let id = |id: &str| with("a.b-1", id).is_ok();
    assert!(id("a.b.c9") && id(&format!("a.{}", "b".repeat(78))));
    for bad in ["ab", "A.b", "a.b_c", "a..b", ".b", "a.", "a.b/c", &format!("a.{}", "b".repeat(79))] {
        assert!(!id(bad), "{bad}");
    }
    let page = |path: &str| with("/x_1-y", path).is_ok();
    assert!(page("/") && page(&format!("/{}", "x".repeat(79))));
    for bad in ["x", "/X", "/x/y", "/x y", &format!("/{}", "x".repeat(80))] {
        assert!(!page(bad), "{bad}");
    }
    let action = |name: &str| with("do_it-1", name).is_ok();
    assert!(action("d") && action(&"d".repeat(80)));
    for bad in ["", "Do", "do it", "do/it", &"d".repeat(81)] {
        assert!(!action(bad), "{bad}");
    }
    let version = |version: &str| with("1.0.0", version).is_ok();
    assert!(version(&"1".repeat(40)) && !version(&"1".repeat(41)) && !version(""));
}

#[test]
fn what_does_not_fit_together_is_refused_with_its_place() {
    let access = "operations = [\"read\"]";
    for (from, to, expected) in [
        ("platform = \"0.1\"", "platform = \"0.2\"", "[plugin] platform: asks for the contract `0.2`"),
        ("legal-basis = \"l\"", "legal-basis = \" \"", "[[purpose]] p: legal-basis must name the law"),
        ("title = \"t\"", "title = \" \"", "[[purpose]] p: title must not be blank"),
        ("entity = \"resident\"", "entity = \"resident\"\nsurprise = 1", "unknown field `surprise`"),
        ("[[access]]\n    purpose = \"p\"", "[[access]]\n    purpose = \"q\"", "[[access]] 1: names the purpose `q`"),
        (
            "path = \"/x_1-y\"\n    title = \"t\"\n    purpose = \"p\"",
            "path = \"/x\"\n    title = \"t\"\n    purpose = \"q\"",
            "[[page]] /x: names the purpose `q`",
        ),
        ("roles = [\"worker\"]\n", "roles = []\n", "[[page]] /x_1-y: must have either roles or public"),
        ("roles = [\"worker\"]\n", "roles = [\"worker\"]\n    public = true\n", "must have either roles or public"),
        ("roles = [\"worker\", \"officer\"]", "roles = []", "[[action]] do_it-1: must have either roles or public"),
        (access, "operations = []", "needs at least one operation"),
        (access, "operations = [\"check\"]", "has the operation check and no checks"),
        (access, "operations = [\"aggregate\"]", "aggregate and the tables"),
        (access, "operations = [\"public-lookup\"]", "public-lookup and the list `public`"),
        (access, "operations = [\"read\"]\n    public = [\"name\"]", "public-lookup and the list `public`"),
        (access, "operations = [\"public-lookup\"]\n    public = [\"phone\"]", "so `phone = \"plain\"` must stand in fields"),
        (access, "operations = [\"public-lookup\"]\n    public = [\"sex\"]", "so `sex = \"plain\"` must stand in fields"),
        (access, "operations = [\"read\"]\n    regions = [\"44\"]", "are the admin's to set"),
        (access, "operations = [\"read\"]\n    and-where = \"age > 1\"", "are the admin's to set"),
        (access, "operations = [\"read\"]\n    rows-per-day = 0", "rows-per-day must be at least 1"),
        ("rows-per-call = 1000", "rows-per-call = 0", "rows-per-call must lie in 1 to 1000"),
        ("rows-per-call = 1000", "rows-per-call = 1001", "rows-per-call must lie in 1 to 1000"),
    ] {
        let message = with(from, to).unwrap_err();
        assert!(message.contains(expected), "{to}: {message}");
    }
    assert!(with(access, "operations = [\"public-lookup\"]\n    public = [\"name\"]").is_ok());
    assert!(with(access, "operations = [\"read\"]\n    rows-per-day = 1").is_ok());
    let nowhere = format!("{}[[access]]", GOOD.split("[[page]]").next().unwrap().split("[[access]]").next().unwrap());
    assert!(Manifest::read(nowhere.trim_end_matches("[[access]]")).unwrap_err().to_string().contains("at least one page or action"));
}

#[test]
fn nothing_stands_twice() {
    for part in [
        "[[purpose]]\nid = \"p\"\ntitle = \"t\"\nlegal-basis = \"l\"\n",
        "[[entity]]\nname = \"visit\"\nschema = \"s\"\n",
        "[[page]]\npath = \"/x_1-y\"\ntitle = \"t\"\npurpose = \"p\"\nroles = [\"worker\"]\n",
        "[[action]]\nname = \"do_it-1\"\ntitle = \"t\"\npurpose = \"p\"\nroles = [\"worker\"]\n",
    ] {
        let message = Manifest::read(&format!("{GOOD}\n{part}")).unwrap_err().to_string();
        assert!(message.contains("stands twice"), "{message}");
    }
}

#[test]
fn tables_belong_to_an_access_that_counts_and_have_names_of_their_own() {
    let counted = |name: &str, more: &str| {
        let table = format!("operations = [\"aggregate\"]\n{more}\n[[access.table]]\nname = \"{name}\"\ntitle = \"t\"\n");
        let text = GOOD.replacen("rows-per-call = 1000", "", 1).replacen("operations = [\"read\"]", "", 1);
        let (head, tail) = text.split_once("[[page]]").unwrap();
        Manifest::read(&format!("{head}{table}[[page]]{tail}")).map(drop).map_err(|reason| reason.to_string())
    };
    assert_eq!(counted("a_1-b", ""), Ok(()));
    assert_eq!(counted(&"t".repeat(80), ""), Ok(()));
    for bad in ["", "A", &"t".repeat(81)] {
        assert!(counted(bad, "").unwrap_err().contains("name must be 1 to 80"), "{bad}");
    }
    assert!(counted("t", "own = true").unwrap_err().contains("the actor's own record only"));
    let twice = "t\"\ntitle = \"t\"\n[[access.table]]\nname = \"t";
    assert!(counted(twice, "").unwrap_err().contains("[[access]] 1, table t: stands twice"));
    let by = "t\"\nby = [\"sex\", \"sex\"]\ntitle = \"t\"\n[[access.table]]\nname = \"u";
    assert!(counted(by, "").unwrap_err().contains("[[access]] 1, table t: is grouped by `sex` twice"));
}
