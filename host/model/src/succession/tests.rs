use proptest::prelude::*;

use super::*;

fn code(text: &str) -> RegionCode {
    text.parse().unwrap()
}

/// Two counties of three townships with two communities of two cells each, and a third county without any.
fn tree() -> RegionTree {
    let mut tree = RegionTree::default();
    let mut put = |code: String| tree.insert(code.parse().unwrap(), format!("n{code}"));
    put("50".into());
    put("5001".into());
    put("500107".into());
    for county in ["500105", "500112"] {
        put(county.into());
        for township in 1..=3 {
            put(format!("{county}{township:03}"));
            for community in 1..=2 {
                put(format!("{county}{township:03}{community:03}"));
                (1..=2).for_each(|cell| put(format!("{county}{township:03}{community:03}{cell:03}")));
            }
        }
    }
    tree
}

fn line(kind: &str, before: &str, after: &str) -> RegionChange {
    let name = |code: &str| if code.is_empty() { String::new() } else { format!("n{code}") };
    RegionChange::from_cells(["2025-11-06", kind, before, &name(before), after, &name(after)]).unwrap()
}

fn changed(lines: &[(&str, &str, &str)]) -> RegionTree {
    let mut tree = tree();
    let lines = lines.iter().map(|(kind, before, after)| line(kind, before, after));
    tree.change(&(1..).zip(lines).collect()).unwrap();
    tree
}

fn refused(lines: &[(&str, &str, &str)]) -> String {
    let mut tree = tree();
    let lines = lines.iter().map(|(kind, before, after)| line(kind, before, after));
    tree.change(&(1..).zip(lines).collect()).unwrap_err().to_string()
}

/// As in Chongqing in 2025: a county ends in a new one, another is split between that one and a third.
fn chongqing() -> RegionTree {
    changed(&[
        ("merged", "500105", "500157"),
        ("split", "500112", "500157"),
        ("split", "500112", "500107"),
        ("moved", "500105001", "500157001"),
        ("moved", "500105002", "500157002"),
        ("moved", "500112001", "500157101"),
        ("moved", "500112002", "500107201"),
    ])
}

#[test]
fn a_region_that_moved_takes_along_what_lies_in_it() {
    let tree = changed(&[("moved", "500105001", "500105101")]);
    assert_eq!(tree.current("500105001002001"), "500105101002001");
    assert_eq!(tree.name("500105101002001"), Some("n500105001002001"));
    assert!(tree.governs(&code("500105101002"), "500105001002001") && !tree.governs(&code("500105101001"), "500105001002001"));
    assert!(!tree.is_open("500105001002001") && tree.is_open("500105101002001") && tree.unmapped().next().is_none());
    assert_eq!(tree.follow(&[code("500105001002"), code("500112")]), [code("500105101002"), code("500112")]);
}

#[test]
fn of_a_split_county_each_successor_governs_its_part() {
    let tree = chongqing();
    let governors = |record: &str| ["500105", "500112", "500157", "500107"].map(|county| tree.governs(&code(county), record));
    assert_eq!(governors("500105001001001"), [false, false, true, false]);
    assert_eq!(governors("500112001001001"), [false, false, true, false]);
    assert_eq!(governors("500112002001001"), [false, false, false, true]);
    // Nobody has said whose the third township is: both successors govern it, and the old code reaches it still.
    assert_eq!(governors("500112003001001"), [false, true, true, true]);
    let unmapped: Vec<_> = tree.unmapped().filter(|(code, _)| code.as_str().len() == 9).map(|(code, _)| code.as_str()).collect();
    assert_eq!(unmapped, ["500105003", "500112003"]);
}

#[test]
fn a_jurisdiction_is_followed_and_never_widened() {
    let tree = chongqing();
    let followed = tree.follow(&[code("500112")]);
    assert_eq!(followed, ["500107201", "500112", "500157101"].map(code));
    let before = super::tests::tree();
    for record in before.within(None).map(|(code, _)| code.as_str()).filter(|code| code.len() == 15) {
        let now = followed.iter().any(|region| tree.governs(region, record));
        assert_eq!(now, before.governs(&code("500112"), record), "{record}");
    }
}

#[test]
fn a_township_that_left_is_no_longer_its_county_s() {
    let tree = changed(&[("moved", "500105002", "500107001")]);
    let spans = tree.area(&[code("500105")]);
    assert!(spans.iter().any(|span| span.contains("500105001001001")) && !spans.iter().any(|span| span.contains("500105002001001")));
    assert_eq!(tree.area(&[code("500107")]), [Span::whole(&code("500105002")), Span::whole(&code("500107"))]);
    assert_eq!(tree.area(&[code("5001")]), [Span::whole(&code("5001"))]);
}

#[test]
fn two_sets_share_what_a_region_of_both_governs_now() {
    let tree = chongqing();
    let shared = |left: &[&str], right: &[&str]| {
        let set = |codes: &[&str]| codes.iter().map(|text| code(text)).collect::<Vec<_>>();
        let (one, other) = (tree.shared(&set(left), &set(right)), tree.shared(&set(right), &set(left)));
        assert_eq!(one, other);
        one.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(shared(&["500112003"], &["50"]), ["500112003"]);
    // What was granted before is reached by who governs it now, …
    assert_eq!(shared(&["500157"], &["500105", "500112001"]), ["500105", "500112001"]);
    assert_eq!(shared(&["500107201"], &["500112002001"]), ["500112002001"]);
    // … and not by who governed it then.
    assert_eq!(shared(&["500107"], &["500105"]), Vec::<String>::new());
    let left = changed(&[("merged", "500105002", "500112001")]);
    assert_eq!(left.shared(&[code("500105")], &[code("500105002")]), []);
    assert_eq!(left.shared(&[code("500112")], &[code("500105002")]), [code("500105002")]);
}

#[test]
fn cells_to_enter_into_are_those_in_force() {
    let tree = chongqing();
    let cells = |region: &str| tree.cells(&[code(region)]).map(|(code, _)| code.to_string()).collect::<Vec<_>>();
    assert_eq!(cells("500107201001"), ["500107201001001", "500107201001002"]);
    assert!(cells("500157").contains(&"500112003001001".to_owned()) && !cells("500157").contains(&"500112001001001".to_owned()));
}

#[test]
fn a_code_names_one_place_for_ever() {
    for (lines, expected) in [
        (vec![("merged", "500105001", "500105002"), ("merged", "500105002", "500105001")], "line 2: 500105001 n500105001 has ended"),
        (vec![("moved", "500105001", "500105002")], "what joins it is merged"),
        (vec![("moved", "500105001", "500199001")], "name its county first"),
        (vec![("abolished", "500105", ""), ("merged", "500105", "500112")], "has ended already"),
        (vec![("created", "", "500112001")], "is there already"),
    ] {
        let message = refused(&lines);
        assert!(message.contains(expected), "{message}");
    }
    let mut wrong = line("moved", "500105001", "500105101");
    wrong.before = Some((code("500105001"), "别处".into()));
    assert!(tree().change(&vec![(3, wrong)]).unwrap_err().to_string().contains("line 3: 500105001 is n500105001 here, not 别处"));
}

#[test]
fn lines_that_are_known_or_lie_elsewhere_change_nothing() {
    let mut tree = chongqing();
    let again =
        vec![(1, line("merged", "500105", "500157")), (2, line("moved", "110101001", "110101002")), (3, line("created", "", "110101009"))];
    assert_eq!(tree.change(&again).unwrap(), []);
}

#[test]
fn a_file_is_read_with_its_lines_or_refused_by_one() {
    let head = "# source\nsince,kind,code,name,successor,successor_name\n";
    let read = |rest: &str| super::read(&format!("{head}{rest}"));
    let lines = read("2025-11-06,renamed,44,广东,44,广东省\n2025-11-06,created,,,4455,某市\n").unwrap();
    assert_eq!(
        lines.iter().map(|(line, change)| (*line, change.kind)).collect::<Vec<_>>(),
        [(3, ChangeKind::Renamed), (4, ChangeKind::Created)]
    );
    for (line, expected) in [
        ("2025-13-06,renamed,44,广东,44,广东省", "line 3: since"),
        ("2025-11-06,gone,44,广东,44,广东省", "the kind must be"),
        ("2025-11-06,moved,44,广东,4401,广州市", "of the same level"),
        ("2025-11-06,moved,44,广东,445,某市", "a region code has"),
        ("2025-11-06,abolished,44,", "line 3: is no line"),
        ("2025-11-06,abolished,44,,,", "44 has no name"),
    ] {
        let message = read(line).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

/// Any lines about regions of the tree and a few new ones: most of them are refused, one by one.
fn some_lines() -> impl Strategy<Value = Vec<(&'static str, String, String)>> {
    let place = || {
        (prop::sample::select(vec!["500105", "500112", "500107", "500157"]), 0u32..4, 0u32..4, 0usize..4).prop_map(
            |(county, township, community, depth)| {
                let code = format!("{county}{:03}{:03}001", township + 1, community + 1);
                code[..[6, 9, 12, 15][depth]].to_owned()
            },
        )
    };
    prop::collection::vec((prop::sample::select(vec!["moved", "merged", "split", "abolished"]), place(), place()), 0..12)
}

proptest! {
    #[test]
    fn an_area_holds_exactly_what_its_regions_govern(lines in some_lines(), picked in prop::collection::vec(any::<prop::sample::Index>(), 1..3), others in prop::collection::vec(any::<prop::sample::Index>(), 1..3)) {
        let mut tree = tree();
        for (day, (kind, before, after)) in lines.into_iter().enumerate() {
            let after = if kind == "abolished" { String::new() } else { after };
            let name = |code: &str| if code.is_empty() { String::new() } else { tree.name(code).map_or(format!("n{code}"), ToOwned::to_owned) };
            let since = format!("2025-01-{:02}", day + 1);
            let Ok(line) = RegionChange::from_cells([&since, kind, &before, &name(&before), &after, &name(&after)]) else { continue };
            let mut next = tree.clone();
            if let Ok(made) = next.change(&vec![(1, line)]) {
                made.iter().try_for_each(|change| nobody_gains_or_loses(&tree, &next, change))?;
                tree = next;
            }
        }
        let all: Vec<RegionCode> = tree.within(None).map(|(code, _)| code.clone()).collect();
        let regions = minimal(picked.iter().map(|index| index.get(&all).clone()).collect());
        let spans = tree.area(&regions);
        for record in all.iter().filter(|code| code.is_grid()) {
            let governed = regions.iter().any(|region| tree.governs(region, record.as_str()));
            prop_assert_eq!(spans.iter().any(|span| span.contains(record.as_str())), governed, "{} {:?} {:?}", record, &regions, &spans);
        }
        // What two sets share, both reach; where nothing was split, that is all that both reach.
        let others = minimal(others.iter().map(|index| index.get(&all).clone()).collect());
        let shared = tree.shared(&regions, &others);
        for record in all.iter().filter(|code| code.is_grid()) {
            let reached = |by: &[RegionCode]| by.iter().any(|region| tree.governs(region, record.as_str()));
            let both = reached(&regions) && reached(&others);
            prop_assert!(both || !reached(&shared), "{} {:?} {:?} {:?}", record, &regions, &others, &shared);
            if tree.changes().iter().all(|change| change.kind != ChangeKind::Split) {
                prop_assert_eq!(both, reached(&shared), "{} {:?} {:?} {:?}", record, &regions, &others, &shared);
            }
        }
        prop_assert!(spans.windows(2).all(|pair| pair[0].to < pair[1].from));
        // Everybody's province still reaches everything.
        prop_assert!(all.iter().all(|record| tree.governs(&code("50"), record.as_str())));
    }
}

/// Who had a region that ended reaches, with what stands for it now, what they reached before: no less and no more.
fn nobody_gains_or_loses(before: &RegionTree, after: &RegionTree, change: &RegionChange) -> Result<(), TestCaseError> {
    let Some((ended, _)) = &change.before else { return Ok(()) };
    let followed = after.follow(std::slice::from_ref(ended));
    for record in before.within(None).map(|(code, _)| code.as_str()).filter(|code| code.len() == 15) {
        let now = followed.iter().any(|part| after.governs(part, record));
        prop_assert_eq!(now, before.governs(ended, record), "{} follows to {:?}: {}", ended, &followed, record);
    }
    Ok(())
}
