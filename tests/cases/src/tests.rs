//! Case folders of a small piece: a service that is created with a spec if it is not there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{compare, difference, text};

/// A file: its case, its name, its text.
type File = (&'static str, &'static str, &'static str);

const BASE: [File; 4] = [
    ("already_right", "desired.json", r#"{ "name": "hello", "memory": 64, "notes": null }"#),
    ("already_right", "observed.json", r#"{ "image": "one", "service": "hello", "env": ["A=1", "B=2"] }"#),
    ("already_right", "plan.json", r#"{ "sequences": [] }"#),
    ("already_right", "spec.json", r#"{ "image": "one", "settings": "{\"name\":\"hello\",\"memory\":64}" }"#),
];
const CREATED: [File; 2] = [
    ("bare", "observed.json", r#"{ "service": null }"#),
    ("bare", "plan.json", r#"{ "sequences": [{ "name": "service", "changes": [{ "create": { "spec": {} } }] }] }"#),
];

fn planned(desired: &Value, observed: &Value) -> Result<Value, String> {
    if desired["name"] != "hello" {
        return Err("the desired state is wrong: another name".to_owned());
    }
    if observed["service"] == "hello" {
        return Ok(json!({ "sequences": [] }));
    }
    let settings = format!(r#"{{"name":{},"memory":{}}}"#, desired["name"], desired["memory"]);
    let spec = json!({ "image": observed["image"], "settings": settings });
    Ok(json!({ "sequences": [{ "name": "service", "changes": [{ "create": { "spec": spec } }] }] }))
}

/// The base case, the case `bare`, and these files.
fn cases(more: &[File]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (case, file, text) in BASE.iter().chain(&CREATED).chain(more) {
        fs::create_dir_all(root.path().join(case)).unwrap();
        fs::write(root.path().join(case).join(file), text).unwrap();
    }
    root
}

fn check(root: &TempDir) -> Result<usize, String> {
    compare(root.path(), false, &planned).map_err(|problems| problems.join("\n"))
}

fn update(root: &TempDir) -> Result<usize, String> {
    compare(root.path(), true, &planned).map_err(|problems| problems.join("\n"))
}

fn wrong(more: &[File]) -> String {
    check(&cases(more)).unwrap_err()
}

/// Every file by its path below the root.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for case in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.strip_prefix(root).unwrap().display().to_string();
            files.insert(name, fs::read_to_string(&file).unwrap());
        }
    }
    files
}

#[test]
fn a_case_is_its_difference_from_its_base() {
    let more = [
        ("bare_and_large", "base", "bare\n"),
        ("bare_and_large", "desired.json", r#"{ "memory": 128 }"#),
        (
            "bare_and_large",
            "plan.json",
            r#"{ "sequences": [{ "name": "service", "changes": [
                { "create": { "spec": { "settings": { "memory": 128 } } } }
            ] }] }"#,
        ),
        // As in the base: desired state and plan.
        ("bare_with_a_variable_less", "base", "bare"),
        ("bare_with_a_variable_less", "observed.json", r#"[{ "op": "remove", "path": "/env/1" }]"#),
    ];
    assert_eq!(check(&cases(&more)), Ok(4));
}

#[test]
fn a_plan_is_compared_whole() {
    let other =
        r#"{ "sequences": [{ "name": "service", "changes": [{ "create": { "spec": { "image": "two" } } }] }] }"#;
    let more = [("another", "observed.json", r#"{ "service": "other" }"#), ("another", "plan.json", other)];
    assert!(wrong(&more).starts_with("another\nplanned:"), "{}", wrong(&more));
    // One byte of the settings.
    let spec = r#"{ "image": "one", "settings": "{\"name\":\"hello\", \"memory\":64}" }"#;
    assert!(wrong(&[("already_right", "spec.json", spec)]).contains("bare\nplanned:"));
    // The plan of the base is expected where a case has none of its own.
    assert!(wrong(&[("another", "observed.json", r#"{ "service": "other" }"#)]).contains("another\nplanned:"));
    assert!(
        wrong(&[("another", "desired.json", r#"{ "name": "other" }"#)]).contains("another: the desired state is wrong")
    );
}

#[test]
fn a_wrong_folder_is_named() {
    let rows: [(&[File], &str); 9] = [
        (&[("x", "base", "gone")], "x/base names `gone`, and there is no such case"),
        (&[("x", "base", "y"), ("y", "base", "x")], "x: the bases form a circle: x → y → x"),
        (&[("x", "base", "x")], "x: the bases form a circle: x → x"),
        (&[("already_right", "base", "bare")], "already_right/base: the base case has no base"),
        (&[("x", "observe.json", "{}")], "x/observe.json: a case has no such file"),
        (&[("x", "spec.json", "{}")], "x/spec.json: only `already_right` has a spec.json"),
        (&[("x", "observed.json", "{")], "x/observed.json: EOF"),
        (&[("x", "observed.json", r#"[{ "op": "remove", "path": "/gone" }]"#)], "x/observed.json: {\"op\":\"remove\""),
        (&[("x", "observed.json", r#"[{ "op": "put", "path": "/env" }]"#)], "unknown variant `put`"),
    ];
    for (more, expected) in rows {
        let said = wrong(more);
        assert!(said.contains(expected), "expected {expected}: {said}");
    }
    let root = cases(&[]);
    fs::write(root.path().join("notes.txt"), "").unwrap();
    assert!(check(&root).unwrap_err().contains("notes.txt is no folder"));
    let root = cases(&[]);
    fs::remove_file(root.path().join("already_right/desired.json")).unwrap();
    assert!(check(&root).unwrap_err().contains("already_right/desired.json is missing"));
    fs::remove_dir_all(root.path().join("already_right")).unwrap();
    assert!(check(&root).unwrap_err().contains("there is no such case"));
}

#[test]
fn a_patch_without_effect_is_an_error_and_an_update_drops_it() {
    let rows: [(&[File], &str); 7] = [
        (&[("bare", "base", "already_right")], "bare/base names the base that every case has"),
        (&[("bare", "desired.json", "{}")], "bare/desired.json changes nothing of its base"),
        (&[("bare", "desired.json", r#"{ "memory": 64, "gone": null }"#)], "bare/desired.json changes nothing"),
        (&[("bare", "observed.json", r#"{ "image": "one", "service": null }"#)], "observed.json repeats parts"),
        (
            &[(
                "bare",
                "observed.json",
                r#"[{ "op": "remove", "path": "/service" }, { "op": "test", "path": "/image", "value": "one" }]"#,
            )],
            "observed.json repeats parts",
        ),
        (
            &[("same", "observed.json", r#"{ "env": [] }"#), ("same", "plan.json", r#"{ "sequences": [] }"#)],
            "same/plan.json is the plan of its base",
        ),
        (
            &[(
                "bare",
                "plan.json",
                r#"{ "sequences": [{ "name": "service", "changes": [{ "create": { "spec": { "image": "one" } } }] }] }"#,
            )],
            "bare/plan.json repeats parts of the base case's spec",
        ),
    ];
    for (more, expected) in rows {
        let root = cases(more);
        let said = check(&root).unwrap_err();
        assert!(said.contains(expected), "expected {expected}: {said}");
        update(&root).unwrap();
        check(&root).unwrap();
    }
    // A folder cannot be mended by leaving something out.
    let root = cases(&[("same", "desired.json", "{}")]);
    assert!(update(&root).unwrap_err().contains("same: no difference from its base `already_right`"));
}

#[test]
fn an_update_writes_plans_and_the_spec_and_a_second_changes_no_file() {
    let more = [
        ("bare_and_large", "base", "bare"),
        ("bare_and_large", "desired.json", r#"{ "memory": 128, "name": "hello" }"#),
        ("bare_again", "observed.json", r#"[{ "op": "replace", "path": "/service", "value": null }]"#),
        ("variable_added", "observed.json", r#"{ "env": ["A=1", "B=2", "C=3"] }"#),
        ("variable_added", "plan.json", r#"{ "sequences": [] }"#),
    ];
    let root = cases(&more);
    // A spec that is not what the code plans any more.
    fs::write(root.path().join("already_right/spec.json"), r#"{ "image": "old" }"#).unwrap();
    fs::remove_file(root.path().join("bare/plan.json")).unwrap();
    assert_eq!(update(&root), Ok(5));
    let first = files(root.path());
    let read = |file: &str| serde_json::from_str::<Value>(&first[file]).unwrap();
    let spec = json!({ "image": "one", "settings": "{\"name\":\"hello\",\"memory\":64}" });
    assert_eq!(read("already_right/spec.json"), spec);
    assert_eq!(read("bare/plan.json")["sequences"][0]["changes"][0], json!({ "create": { "spec": {} } }));
    assert_eq!(read("bare_and_large/desired.json"), json!({ "memory": 128 }));
    let large = json!({ "create": { "spec": { "settings": { "memory": 128 } } } });
    assert_eq!(read("bare_and_large/plan.json")["sequences"][0]["changes"][0], large);
    assert!(!first.contains_key("variable_added/plan.json"), "{first:?}");
    // The whole files of the base are the author's.
    assert_eq!(first["already_right/desired.json"], BASE[0].2);
    assert_eq!(update(&root), Ok(5));
    assert_eq!(files(root.path()), first);
}

#[test]
fn a_spec_that_no_case_plans_is_an_error() {
    let root = cases(&[]);
    fs::remove_dir_all(root.path().join("bare")).unwrap();
    assert!(check(&root).unwrap_err().contains("already_right/spec.json: no case plans this spec"));
    update(&root).unwrap();
    assert!(!root.path().join("already_right/spec.json").exists());
}

#[test]
fn a_merge_patch_is_that_of_rfc_7396() {
    // Appendix A.
    let rows = [
        (json!({ "a": "b" }), json!({ "a": "c" }), json!({ "a": "c" })),
        (json!({ "a": "b" }), json!({ "b": "c" }), json!({ "a": "b", "b": "c" })),
        (json!({ "a": "b" }), json!({ "a": null }), json!({})),
        (json!({ "a": "b", "b": "c" }), json!({ "a": null }), json!({ "b": "c" })),
        (json!({ "a": ["b"] }), json!({ "a": "c" }), json!({ "a": "c" })),
        (json!({ "a": "c" }), json!({ "a": ["b"] }), json!({ "a": ["b"] })),
        (json!({ "a": { "b": "c" } }), json!({ "a": { "b": "d", "c": null } }), json!({ "a": { "b": "d" } })),
        (json!({ "a": [{ "b": "c" }] }), json!({ "a": [1] }), json!({ "a": [1] })),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (json!({ "a": "b" }), json!(["c"]), json!(["c"])),
        (json!({ "a": "foo" }), json!(null), json!(null)),
        (json!({ "a": "foo" }), json!("bar"), json!("bar")),
        (json!({ "e": null }), json!({ "a": 1 }), json!({ "e": null, "a": 1 })),
        (json!([1, 2]), json!({ "a": "b", "c": null }), json!({ "a": "b" })),
        (json!({}), json!({ "a": { "bb": { "ccc": null } } }), json!({ "a": { "bb": {} } })),
    ];
    for (base, patch, expected) in rows {
        assert_eq!(difference::merged(Some(&base), &patch), expected, "{base} {patch}");
    }
}

#[test]
fn a_text_that_holds_an_object_keeps_what_the_patch_does_not_name() {
    let text = r#"{"z":[{"b":1,"a":2}],"a":{"y":1,"x":2},"gone":0}"#;
    let patch = json!({ "a": { "x": 3 }, "gone": null, "new": true });
    let expected = r#"{"z":[{"b":1,"a":2}],"a":{"y":1,"x":3},"new":true}"#;
    assert_eq!(text::merged(text, patch.as_object().unwrap()).as_deref(), Some(expected));
    assert_eq!(text::patch(text, expected), Some(patch.clone()));
    // No patch leads to another order, so the text itself is the difference.
    assert_eq!(text::patch(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#), None);
    assert_eq!(text::patch(text, "{}"), None);
    assert_eq!(text::merged("no object", patch.as_object().unwrap()), None);
}
