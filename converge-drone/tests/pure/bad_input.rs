//! Wrong configurations: each is refused with exit 2, one clear sentence and a hint, and touches nothing.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::needless_raw_string_hashes, reason = "a table reads better when its rows look alike")]

use converger_kit::configuration::{
    Wrong, assert_accepted, assert_missing_file_named, assert_no_configuration_refused, assert_refused,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_converge-drone");
const RIGHT: &str = include_str!("../../example.json");

const WRONG: &[Wrong] = &[
    (r#""domain": "drone.ci.example.org","#, r#""#, r#"missing field `domain`"#),
    (r#""drone.ci.example.org""#, r#""*.ci.example.org""#, r#"domain is `*.ci.example.org`, a wildcard"#),
    (r#""drone.ci.example.org""#, r#""https://drone.ci.example.org""#, r#"an address, not a domain"#),
    (r#""drone.ci.example.org""#, r#""drone.ci.example.org:443""#, r#"an address, not a domain"#),
    (r#""drone.ci.example.org""#, r#""drone""#, r#"a name without a dot"#),
    (r#""drone.ci.example.org""#, r#""Drone.ci.example.org""#, r#"no domain name"#),
    (r#""drone.ci.example.org""#, r#""""#, r#"no domain name"#),
    (r#""drone.ci.example.org""#, r#"17"#, r#"at domain"#),
    (r#""https://git.coopcloud.tech/coop-cloud/drone.git""#, r#""drone""#, r#"no address of a git repository"#),
    (
        r#""https://git.coopcloud.tech/coop-cloud/drone.git""#,
        r#""--upload-pack=touch""#,
        r#"no address of a git repository"#,
    ),
    (r#"{ "pin": "1.9.0+2.26.0" }"#, r#""newest""#, r#"at recipe.version"#),
    (r#"{ "pin": "1.9.0+2.26.0" }"#, r#"{ "pin": "2.26.0" }"#, r#"recipe.version.pin is `2.26.0`"#),
    (r#"{ "pin": "1.9.0+2.26.0" }"#, r#"{ "commit": "-f" }"#, r#"no branch or commit"#),
    (r#""refresh_hours": 6"#, r#""refresh_hours": 0"#, r#"recipe.refresh_hours is 0"#),
    (r#""DRONE_LOGS_DEBUG": "false""#, r#""DRONE_LOGS_DEBUG": false"#, r#"at env.DRONE_LOGS_DEBUG"#),
    (r#""DRONE_LOGS_DEBUG": "false""#, r#""DRONE LOGS": "false""#, r#"is no name for a setting"#),
    (
        r#""DRONE_LOGS_DEBUG": "false""#,
        r#""DRONE_USER_CREATE": "username:mara,admin:true,token:canary""#,
        r#"env.DRONE_USER_CREATE is set by this piece itself"#,
    ),
    (
        r#""DRONE_LOGS_DEBUG": "false""#,
        r#""DRONE_REGISTRATION_CLOSED": "false""#,
        r#"env.DRONE_REGISTRATION_CLOSED is set by this piece itself"#,
    ),
    (r#""DRONE_LOGS_DEBUG": "false""#, r#""DRONE_RPC_SECRET": "x""#, r#"env.DRONE_RPC_SECRET is a secret"#),
    (r#""DRONE_LOGS_DEBUG": "false""#, r#""DRONE_SMTP_PASSWORD": "x""#, r#"env.DRONE_SMTP_PASSWORD is a secret"#),
    (r#""DRONE_LOGS_DEBUG": "false""#, r#""GITEA_CLIENT_ID": "x""#, r#"env.GITEA_CLIENT_ID is set by this piece"#),
    (r#""DRONE_LOGS_DEBUG": "false""#, r#""DOMAIN": "x.example.org""#, r#"env.DOMAIN is set by this piece itself"#),
    (
        r#""DRONE_LOGS_DEBUG": "false""#,
        r#""DRONE_LOGS_DEBUG": "a\nb\\""#,
        r#"has a value that abra could not read back"#,
    ),
    (r#"["compose.yml", "compose.gitea.yml"]"#, r#"[]"#, r#"compose_files is empty"#),
    (r#"["compose.yml", "compose.gitea.yml"]"#, r#"["../compose.yml"]"#, r#"names `../compose.yml`"#),
    (r#"["compose.yml", "compose.gitea.yml"]"#, r#"["/etc/passwd"]"#, r#"names `/etc/passwd`"#),
    (r#""https://git.example.org""#, r#""git.example.org""#, r#"gitea.address is `git.example.org`, no address"#),
    (r#""https://git.example.org""#, r#""ssh://git.example.org""#, r#"neither with https:// nor with http://"#),
    (r#""https://git.example.org""#, r#""https://ci-bot:canary@git.example.org""#, r#"which carries a login"#),
    (r#""https://git.example.org""#, r#""https://git.example.org/gitea""#, r#"which has a path"#),
    (r#""https://git.example.org""#, r#""https://git.example.org/?token=canary""#, r#"`https://git.example.org/?…`"#),
    (r#""https://git.example.org""#, r#""https://""#, r#"gitea.address is `https://`, no address"#),
    (r#""bot": "ci-bot""#, r#""bot": """#, r#"gitea.bot is ``, no login of Gitea's"#),
    (r#""bot": "ci-bot""#, r#""bot": "ci-bot,admin:true""#, r#"no login of Gitea's"#),
    (r#""bot": "ci-bot""#, r#""bot": "ci/bot""#, r#"no login of Gitea's"#),
    (r#""bot": "ci-bot""#, r#""bot": "ci-bot", "password": "canary""#, r#"unknown field `password`"#),
    (r#""recipes/ci""#, r#""ci""#, r#"repository.name is `ci`, no repository"#),
    (r#""recipes/ci""#, r#""recipes/""#, r#"no repository"#),
    (r#""recipes/ci""#, r#""recipes/ci/main""#, r#"no repository"#),
    (r#""recipes/ci""#, r#""../ci""#, r#"no repository"#),
    (r#""recipes/ci""#, r#""https://git.example.org/recipes/ci""#, r#"no repository"#),
    (r#""timeout_minutes": 60"#, r#""timeout_minutes": 0"#, r#"repository.timeout_minutes is 0"#),
    (r#""timeout_minutes": 60"#, r#""timeout_minutes": 999999"#, r#"repository.timeout_minutes is 999999"#),
    (r#""timeout_minutes": 60"#, r#""timeout_minutes": "1h""#, r#"at repository.timeout_minutes"#),
    (r#""trusted": true"#, r#""trusted": "yes""#, r#"at repository.trusted"#),
    (r#""drone-runner.service""#, r#""drone-runner""#, r#"runner.unit is `drone-runner`, no service unit"#),
    (r#""drone-runner.service""#, r#""../x.service""#, r#"no service unit"#),
    (r#""drone-runner.service""#, r#"".service""#, r#"no service unit"#),
    (r#""/etc/converge/drone-runner.json""#, r#""drone-runner.json""#, r#"runner.configuration is drone-runner.json"#),
    (r#""/run/drone-runner/status.json""#, r#""status.json""#, r#"runner.status is status.json"#),
    (r#""unit": "#, r#""units": "#, r#"unknown field `units`"#),
    (r#""/var/lib/converge/abra""#, r#""abra""#, r#"abra_directory is abra, which is not absolute"#),
    (r#""192.0.2.10""#, r#""0.0.0.0""#, r#"probe.address is 0.0.0.0"#),
    (r#""192.0.2.10""#, r#""drone.ci.example.org""#, r#"at probe.address"#),
    (r#""wait_seconds": 180"#, r#""wait_seconds": 0"#, r#"limits.wait_seconds is 0"#),
    (r#""wait_seconds": 180"#, r#""wait_seconds": 6000"#, r#"longer than the whole run may take"#),
    (r#""repository""#, r#""repositories""#, r#"unknown field `repositories`"#),
];

#[test]
fn every_wrong_configuration_of_the_converger_is_refused() {
    assert_refused(PROGRAM, RIGHT, WRONG, &[&["--check-config"], &[], &["--plan"]]);
}

#[test]
fn the_example_of_the_converger_is_right() {
    assert_accepted(PROGRAM, RIGHT);
    // A runner elsewhere, Gitea on a port, defaults where there are any.
    assert_accepted(
        PROGRAM,
        r#"{"domain": "drone.example.org", "recipe": {"version": "latest"},
            "gitea": {"address": "http://git.example.org:3000", "bot": "ci.bot_1"}, "repository": {"name": "a/b"}}"#,
    );
}

#[test]
fn wrong_configurations_of_the_converger_are_refused() {
    assert_no_configuration_refused(PROGRAM);
    assert_missing_file_named(PROGRAM);
}
