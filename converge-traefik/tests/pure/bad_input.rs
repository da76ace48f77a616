//! Wrong configurations: each is refused with exit 2, one clear sentence and a hint, and touches nothing.
#![allow(clippy::needless_raw_string_hashes, reason = "a table reads better when its rows look alike")]

use converger_kit::configuration::{
    Wrong, assert_accepted, assert_missing_file_named, assert_no_configuration_refused, assert_refused,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_converge-traefik");

const RIGHT: &str = include_str!("../../example.json");

const WRONG: &[Wrong] = &[
    (r#""domain": "ci.example.org","#, r#""#, r#"missing field `domain`"#),
    (r#""ci.example.org""#, r#""*.ci.example.org""#, r#"the certificate's wildcard is understood"#),
    (r#""ci.example.org""#, r#""https://ci.example.org""#, r#"an address, not a domain"#),
    (r#""ci.example.org""#, r#""localhost""#, r#"a name without a dot"#),
    (r#""ci.example.org""#, r#""CI.example.org""#, r#"no domain name"#),
    (r#""ci.example.org""#, r#""ci..example.org""#, r#"no domain name"#),
    (r#""ci.example.org""#, r#""""#, r#"no domain name"#),
    (r#""https://git.coopcloud.tech/coop-cloud/traefik.git""#, r#""traefik""#, r#"no address of a git repository"#),
    (
        r#""https://git.coopcloud.tech/coop-cloud/traefik.git""#,
        r#""--upload-pack=touch""#,
        r#"no address of a git repository"#,
    ),
    (r#"{ "pin": "3.8.0+v3.6.15" }"#, r#""newest""#, r#"at recipe.version"#),
    (
        r#"{ "pin": "3.8.0+v3.6.15" }"#,
        r#"{ "pin": "3.8.0" }"#,
        r#"recipe.version.pin is `3.8.0`, no version of a recipe"#,
    ),
    (r#"{ "pin": "3.8.0+v3.6.15" }"#, r#"{ "pin": "main" }"#, r#"no version of a recipe"#),
    (r#"{ "pin": "3.8.0+v3.6.15" }"#, r#"{ "commit": "" }"#, r#"no branch or commit"#),
    (r#"{ "pin": "3.8.0+v3.6.15" }"#, r#"{ "commit": "--force" }"#, r#"no branch or commit"#),
    (r#"{ "pin": "3.8.0+v3.6.15" }"#, r#"{ "branch": "main" }"#, r#"unknown variant `branch`"#),
    (r#""refresh_hours": 6"#, r#""refresh_hours": 0"#, r#"recipe.refresh_hours is 0"#),
    (r#""refresh_hours": 6"#, r#""refresh_hours": -6"#, r#"at recipe.refresh_hours"#),
    (r#""DASHBOARD_ENABLED": "false""#, r#""DASHBOARD_ENABLED": false"#, r#"at env.DASHBOARD_ENABLED"#),
    (r#""DASHBOARD_ENABLED": "false""#, r#""DASHBOARD ENABLED": "false""#, r#"is no name for a setting"#),
    (
        r#""DASHBOARD_ENABLED": "false""#,
        r#""LETS_ENCRYPT_ENV": "production""#,
        r#"env.LETS_ENCRYPT_ENV is set by this piece itself"#,
    ),
    (
        r#""DASHBOARD_ENABLED": "false""#,
        r#""COMPOSE_FILE": "compose.yml""#,
        r#"env.COMPOSE_FILE is set by this piece itself"#,
    ),
    (
        r#""DASHBOARD_ENABLED": "false""#,
        r#""LOG_LEVEL": "a\nb\\""#,
        r#"env.LOG_LEVEL has a value that abra could not read back"#,
    ),
    (r#"["compose.yml", "compose.wildcard.yml"]"#, r#"[]"#, r#"compose_files is empty"#),
    (r#"["compose.yml", "compose.wildcard.yml"]"#, r#"["../compose.yml"]"#, r#"names `../compose.yml`"#),
    (r#"["compose.yml", "compose.wildcard.yml"]"#, r#"["/etc/passwd"]"#, r#"names `/etc/passwd`"#),
    (r#"["compose.yml", "compose.wildcard.yml"]"#, r#"["compose.yml:compose.wildcard.yml"]"#, r#"compose_files names"#),
    (r#""warn_days": 21"#, r#""warn_days": "three weeks""#, r#"at certificate.warn_days"#),
    (r#""/var/lib/converge/abra""#, r#""abra""#, r#"abra_directory is abra, which is not absolute"#),
    (r#""192.0.2.10""#, r#""0.0.0.0""#, r#"probe.address is 0.0.0.0"#),
    (r#""192.0.2.10""#, r#""ci.example.org""#, r#"at probe.address"#),
    (r#""wait_seconds": 180"#, r#""wait_seconds": 0"#, r#"limits.wait_seconds is 0"#),
    (r#""certificate""#, r#""certificates""#, r#"unknown field `certificates`"#),
];

#[test]
fn every_wrong_configuration_is_refused_clearly_and_touches_nothing() {
    assert_refused(PROGRAM, RIGHT, WRONG, &[&["--check-config"], &[], &["--plan"]]);
}

#[test]
fn the_example_is_accepted() {
    assert_accepted(PROGRAM, RIGHT);
}

#[test]
fn a_text_that_is_no_configuration_is_refused() {
    assert_no_configuration_refused(PROGRAM);
    assert_missing_file_named(PROGRAM);
}
