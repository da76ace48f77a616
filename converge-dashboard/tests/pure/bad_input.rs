//! Wrong configurations: each is refused with exit 2, one clear sentence and a hint, and touches nothing.
//!
//! The suite of converge-bridge has every kind of wrong value of the settings that both have; here is each of them once.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::needless_raw_string_hashes, reason = "a table reads better when its rows look alike")]

use converger_kit::configuration::{
    Wrong, assert_accepted, assert_missing_file_named, assert_no_configuration_refused, assert_refused,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_converge-dashboard");
const RIGHT: &str = include_str!("../../example.json");

const WRONG: &[Wrong] = &[
    (r#""domain": "ci.example.org","#, r#""#, r#"missing field `domain`"#),
    (r#""ci.example.org""#, r#""*.ci.example.org""#, r#"domain is `*.ci.example.org`, a wildcard"#),
    (r#""ci.example.org""#, r#""https://u:canary@ci.example.org""#, r#"`https://…@ci.example.org`, an address"#),
    (r#""ci.example.org""#, r#""ci.example.org:8443""#, r#"an address, not a domain"#),
    (r#""ci.example.org""#, r#""ci""#, r#"a name without a dot"#),
    (r#""image": "/usr/local/share/converge/dashboard.tar","#, r#""#, r#"missing field `image`"#),
    (r#""/usr/local/share/converge/dashboard.tar""#, r#""d.tar""#, r#"image is d.tar, which is not absolute"#),
    (r#""https://git.example.org""#, r#""git.example.org""#, r#"gitea is `git.example.org`, no address"#),
    (r#""https://git.example.org""#, r#""https://ci-bot:canary@git.example.org""#, r#"which carries a login"#),
    (r#""https://git.example.org""#, r#""https://git.example.org/gitea""#, r#"which has a path"#),
    (r#""https://git.example.org""#, r#"{ "address": "https://git.example.org" }"#, r#"at gitea"#),
    (r#""/var/lib/recipe-ci/runs""#, r#""runs""#, r#"runs is runs, which is not absolute"#),
    (r#""/run/converge""#, r#""/run/../run/converge""#, r#"reports is /run/../run/converge, which is no plain path"#),
    (r#""/run/converge""#, r#""/run""#, r#"bridge is /run/comment-bridge, which is not apart from reports"#),
    (r#""/run/comment-bridge""#, r#""/""#, r#"bridge is /, the root of everything"#),
    (
        r#""/var/lib/dashboard""#,
        r#""/var/lib/recipe-ci/runs/index""#,
        r#"index is /var/lib/recipe-ci/runs/index, which is"#,
    ),
    (r#""/var/lib/dashboard""#, r#""/run/converge""#, r#"not apart from reports"#),
    (r#""index""#, r#""ledger""#, r#"unknown field `ledger`"#),
    (r#""60991:60991""#, r#""0:60991""#, r#"user is `0:60991`, root"#),
    (r#""60991:60991""#, r#""dashboard""#, r#"user is `dashboard`, not uid:gid"#),
    (r#""memory_mib": 64"#, r#""memory_mib": 16"#, r#"memory_mib is 16"#),
    (r#""192.0.2.10""#, r#""0.0.0.0""#, r#"probe.address is 0.0.0.0"#),
    (r#""wait_seconds": 180"#, r#""wait_seconds": 0"#, r#"limits.wait_seconds is 0"#),
    (r#""gitea""#, r#""password": "canary", "gitea""#, r#"unknown field `password`"#),
];

#[test]
fn every_wrong_configuration_is_refused() {
    assert_refused(PROGRAM, RIGHT, WRONG, &[&["--check-config"], &[]]);
}

#[test]
fn the_example_and_the_least_are_accepted() {
    assert_accepted(PROGRAM, RIGHT);
    assert_accepted(PROGRAM, r#"{"domain": "ci.example.org", "image": "/nix/store/0-x.tar.gz"}"#);
}

#[test]
fn a_text_that_is_no_configuration_is_refused() {
    assert_no_configuration_refused(PROGRAM);
    assert_missing_file_named(PROGRAM);
}
