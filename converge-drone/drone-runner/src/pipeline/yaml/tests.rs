use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;

fn parse(text: &str) -> Result<Rc<Node>, Error> {
    Node::parse(text, 0).map(|node| node.unwrap())
}

fn texts(text: &str) -> Result<BTreeMap<String, String>, Error> {
    parse(text)?.read()
}

#[test]
fn a_scalar_keeps_its_text() {
    let written = [
        "+49",
        "0x1F",
        "0o755",
        "0755",
        "0b11",
        "1_000",
        "-0",
        "-0.0",
        "1.10",
        "1e3",
        "1E400",
        ".5",
        "12e03",
        "True",
        "TRUE",
        "yes",
        "y",
        "on",
        "Off",
        ".inf",
        "-.INF",
        ".NaN",
        "2001-12-14",
        "2001-12-14T21:59:43Z",
        "12:30:45",
        "190:20:30",
        "007",
        "08",
        "0x",
        "=",
        "1.2.3",
        "1__0",
        "+",
        "99999999999999999999",
        "0.1_2",
        "NaN",
        "nULL",
    ];
    for value in written {
        assert_eq!(texts(&format!("A: {value}")).unwrap()["A"], value);
        assert_eq!(texts(&format!("{{A: {value} }}")).unwrap()["A"], value);
        assert_eq!(texts(&format!("{value}: x")).unwrap()[value], "x");
        assert_eq!(texts(&format!("A: '{value}'")).unwrap()["A"], value);
    }
    for (written, value) in [
        ("A:", ""),
        ("A: ~", ""),
        ("A: null", ""),
        ("A: NULL", ""),
        ("A: '~'", "~"),
        ("A: \"null\"", "null"),
        ("A: !!str null", "null"),
        ("A: !!str", ""),
        ("A: !!int 0x1F", "0x1F"),
        ("A: !own 1.10", "1.10"),
        ("A: !!binary aGVs\n  bG8=", "hello"),
        ("A: |\n  one\n  two\n", "one\ntwo\n"),
        ("A: >-\n  one\n  two\n", "one two"),
        ("A: \"one\\r\\ntwo\"", "one\r\ntwo"),
        ("A: # a comment\n  x", "x"),
        ("A: 1,000", "1,000"),
    ] {
        assert_eq!(texts(written).unwrap()["A"], value, "{written}");
    }
}

#[test]
fn mappings_are_merged_in_the_order_of_the_file() {
    let base = "base: &base {A: base, B: base}\nother: &other {A: other, C: other}\n";
    for (written, expected) in [
        ("{<<: *base, B: own}", "A=base B=own"),
        // Drone's parser lets the later one win, here as elsewhere.
        ("{B: own, <<: *base}", "A=base B=base"),
        ("{<<: [*base, *other]}", "A=base B=base C=other"),
        ("{<<: [*other, *base]}", "A=other B=base C=other"),
        ("{<<: *base, <<: *other}", "A=other B=base C=other"),
        ("{'<<': x}", "<<=x"),
        ("{<<: {D: inline}}", "D=inline"),
    ] {
        let all: BTreeMap<String, BTreeMap<String, String>> =
            parse(&format!("{base}own: {written}\n")).unwrap().read().unwrap();
        let found: Vec<String> = all["own"].iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(found.join(" "), expected, "{written}");
    }
    for wrong in ["{<<: x}", "{<<: [x]}", "{<<: }"] {
        let error = texts(wrong).unwrap_err().to_string();
        assert!(error.contains("merges a mapping"), "{wrong}: {error}");
    }
}

#[test]
fn a_key_that_occurs_twice_is_an_error_where_it_is_read() {
    let error = texts("A: 1\nB: 2\nA: 3\n").unwrap_err();
    assert_eq!(error.to_string(), "key `A` occurs twice, line 3, column 1");
    let node = parse("other: {A: 1, A: 2}\nown: x\nown: y\n").unwrap();
    assert_eq!(node.text_of("own"), Some("y"));
    assert_eq!(texts("{<<: {A: 1}, A: 2}").unwrap()["A"], "2");
}

#[test]
fn an_error_has_the_place_in_the_file() {
    for (text, expected) in [
        ("A: [x]\n", "a list is not a text, line 11, column 4"),
        ("A: x\nB: {C: d}\n", "a mapping is not a text, line 12, column 4"),
        ("A: *none\n", "line 11, column 4"),
        ("A: 'x\n", "line 12"),
        ("A: &a [*a]\n", "an anchor contains itself, line 11"),
        ("A: }\n", "line 11"),
        ("A: !!binary \"???\"\n", "no text in base64, line 11"),
    ] {
        let error = Node::parse(text, 10).and_then(|node| node.unwrap().read::<BTreeMap<String, String>>());
        let error = error.unwrap_err().to_string();
        assert!(error.contains(expected), "{text}{error}");
    }
}

#[test]
fn a_bomb_costs_nothing() {
    let mut lists = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    let mut merges = String::from("a0: &a0 {x: y}\n");
    for level in 1..30 {
        let below = [format!("*a{}", level - 1).as_str(); 9].join(",");
        writeln!(lists, "a{level}: &a{level} [{below}]").unwrap();
        writeln!(merges, "a{level}: &a{level} {{<<: [{below}]}}").unwrap();
    }
    assert!(parse(&lists).is_ok());
    assert!(parse(&merges).is_ok());
    for deep in ["[", "{a: ", "- ", "? "] {
        assert!(parse(&deep.repeat(100_000)).is_err(), "{deep}");
    }
}
