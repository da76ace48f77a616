//! Wrong configurations: each is refused with exit 2, one clear sentence and a hint, and touches nothing.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::needless_raw_string_hashes, reason = "a table reads better when its rows look alike")]

use converger_kit::configuration::{Wrong, assert_accepted, assert_missing_file_named, assert_refused};

const PROGRAM: &str = env!("CARGO_BIN_EXE_host-status");

const RIGHT: &str = r#"{ "units": ["docker.service", "getty@tty1.service", "converge.target"] }"#;

const WRONG: &[Wrong] = &[
    (RIGHT, r#""#, r#"EOF"#),
    (RIGHT, r#"null"#, r#"expected"#),
    (RIGHT, r#"{}x"#, r#"trailing characters"#),
    (r#""units""#, r#""unit""#, r#"unknown field `unit`"#),
    (r#"["docker.service", "getty@tty1.service", "converge.target"]"#, r#""docker.service""#, r#"at units"#),
    (r#""docker.service", "getty@tty1.service", "converge.target""#, r#""#, r#"units is empty"#),
    (r#""docker.service""#, r#"7"#, r#"at units[0]"#),
    (r#"docker.service"#, r#"docker"#, r#"units[0] is `docker`, which has no type of a unit"#),
    (r#"docker.service"#, r#"docker.json"#, r#"which has no type of a unit"#),
    (r#"docker.service"#, r#".service"#, r#"units[0] is `.service`, no name of a unit"#),
    (r#"docker.service"#, r#"a b.service"#, r#"no name of a unit"#),
    (r#"docker.service"#, r#"../a.service"#, r#"no name of a unit"#),
    (r#"docker.service"#, r#"a\n.service"#, r#"units[0] is `a\n.service`, no name of a unit"#),
    (r#"getty@tty1.service"#, r#"getty@.service"#, r#"units[1] is `getty@.service`, a template without an instance"#),
    (r#"getty@tty1.service"#, r#"docker.service"#, r#"units[1] names `docker.service` again"#),
];

#[test]
fn every_wrong_configuration_of_host_status_is_refused() {
    assert_refused(PROGRAM, RIGHT, WRONG, &[&["--check-config"], &[]]);
    assert_missing_file_named(PROGRAM);
}

#[test]
fn a_right_configuration_of_host_status_is_taken() {
    assert_accepted(PROGRAM, RIGHT);
    assert_accepted(PROGRAM, "{}");
}
