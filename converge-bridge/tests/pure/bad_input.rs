//! Wrong configurations: each is refused with exit 2, one clear sentence and a hint, and touches nothing.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::needless_raw_string_hashes, reason = "a table reads better when its rows look alike")]

use converger_kit::configuration::{
    Wrong, assert_accepted, assert_missing_file_named, assert_no_configuration_refused, assert_refused,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_converge-bridge");
const RIGHT: &str = include_str!("../../example.json");

const WRONG: &[Wrong] = &[
    (r#""domain": "bridge.ci.example.org","#, r#""#, r#"missing field `domain`"#),
    (r#""bridge.ci.example.org""#, r#""*.ci.example.org""#, r#"domain is `*.ci.example.org`, a wildcard"#),
    (r#""bridge.ci.example.org""#, r#""https://u:canary@x.example.org""#, r#"`https://…@x.example.org`, an address"#),
    (r#""bridge.ci.example.org""#, r#""bridge.ci.example.org:443""#, r#"an address, not a domain"#),
    (r#""bridge.ci.example.org""#, r#""bridge""#, r#"a name without a dot"#),
    (r#""bridge.ci.example.org""#, r#""Bridge.ci.example.org""#, r#"no domain name"#),
    (r#""bridge.ci.example.org""#, r#""a`) || Host(`b.example.org""#, r#"no domain name"#),
    (r#""bridge.ci.example.org""#, r#""""#, r#"no domain name"#),
    (r#""bridge.ci.example.org""#, r#"17"#, r#"at domain"#),
    (r#""image": "/usr/local/share/converge/comment-bridge.tar","#, r#""#, r#"missing field `image`"#),
    (
        r#""/usr/local/share/converge/comment-bridge.tar""#,
        r#""bridge.tar""#,
        r#"image is bridge.tar, which is not absolute"#,
    ),
    (r#""/usr/local/share/converge/comment-bridge.tar""#, r#""/srv/../x.tar""#, r#"no plain path"#),
    (r#""/usr/local/share/converge/comment-bridge.tar""#, r#""""#, r#"which is not absolute"#),
    (r#""https://git.example.org""#, r#""git.example.org""#, r#"gitea.address is `git.example.org`, no address"#),
    (r#""https://git.example.org""#, r#""ssh://git.example.org""#, r#"neither with https:// nor with http://"#),
    (r#""https://git.example.org""#, r#""https://ci-bot:canary@git.example.org""#, r#"which carries a login"#),
    (r#""https://git.example.org""#, r#""https://git.example.org/gitea""#, r#"which has a path"#),
    (r#""https://git.example.org""#, r#""https://git.example.org/?token=canary""#, r#"`https://git.example.org/?…`"#),
    (r#""https://git.example.org""#, r#""https://""#, r#"gitea.address is `https://`, no address"#),
    (r#""bot": "ci-bot""#, r#""bot": """#, r#"gitea.bot is ``"#),
    (r#""bot": "ci-bot""#, r#""bot": "ci/bot""#, r#"gitea.bot is `ci/bot`"#),
    (r#""bot": "ci-bot""#, r#""bot": "ci-bot", "token": "canary""#, r#"unknown field `token`"#),
    (r#""https://drone.ci.example.org""#, r#""drone.ci.example.org""#, r#"drone.address is `drone.ci.example.org`"#),
    (r#""https://drone.ci.example.org""#, r#""https://x:canary@drone.example.org""#, r#"which carries a login"#),
    (r#""https://drone.ci.example.org""#, r#""https://drone.example.org/api""#, r#"which has a path"#),
    (r#""repository": "recipes/ci""#, r#""repository": "ci""#, r#"at drone.repository"#),
    (r#""repository": "recipes/ci""#, r#""repository": "../ci""#, r#"at drone.repository"#),
    (r#""repository": "recipes/ci""#, r#""repository": "recipes/ci/main""#, r#"at drone.repository"#),
    (
        r#""repository": "recipes/ci""#,
        r#""repository": "https://ci-bot:canary@git.example.org/recipes/ci""#,
        r#"at drone.repository"#,
    ),
    (r#""branch": "main""#, r#""branch": """#, r#"drone.branch is no branch"#),
    (r#""branch": "main""#, r#""branch": "a b""#, r#"drone.branch is no branch"#),
    (r#""branch": "main""#, r#""branches": "main""#, r#"unknown field `branches`"#),
    (r#""name": "recipes""#, r#""name": """#, r#"organisations[0].name is ``"#),
    (r#""name": "recipes""#, r#""name": "recipes/hello""#, r#"organisations[0].name is `recipes/hello`"#),
    (r#"{ "name": "recipes","#, r#"{ "name": "Recipes" }, { "name": "recipes","#, r#"once more"#),
    (r#""include": ["*"]"#, r#""include": []"#, r#"organisations[0].include is empty"#),
    (r#""include": ["*"]"#, r#""include": ["recipes/*"]"#, r#"organisations[0].include[0]"#),
    (r#""include": ["*"]"#, r#""include": "*""#, r#"at organisations[0].include"#),
    (r#""exclude": ["archive-*"]"#, r#""exclude": [""]"#, r#"organisations[0].exclude[0]"#),
    (r#""exclude""#, r#""excluded""#, r#"unknown field `excluded`"#),
    (r#"["mara/hello"]"#, r#"["hello"]"#, r#"at repositories[0]"#),
    (r#"["mara/hello"]"#, r#"["mara/hello", "Mara/Hello"]"#, r#"repositories[1] is `Mara/Hello` once more"#),
    (r#"["mara/hello"]"#, r#"["recipes/ci"]"#, r#"repositories[0] is the CI repository"#),
    (r#"["mara/hello"]"#, r#"["recipes/hello"]"#, r#"whose organisation is watched"#),
    (r#"["guest"]"#, r#"["@guest"]"#, r#"allow[0] is `@guest`"#),
    (r#"["guest"]"#, r#"["*"]"#, r#"allow[0] is `*`"#),
    (r#"["guest"]"#, r#""guest""#, r#"at allow"#),
    (r#""poll_seconds": 2"#, r#""poll_seconds": 0"#, r#"poll_seconds is 0"#),
    (r#""poll_seconds": 2"#, r#""poll_seconds": 86400"#, r#"poll_seconds is 86400"#),
    (r#""poll_seconds": 2"#, r#""poll_seconds": "5s""#, r#"at poll_seconds"#),
    (r#""catch_up_hours": 24"#, r#""catch_up_hours": 0"#, r#"catch_up_hours is 0"#),
    (r#""catch_up_hours": 24"#, r#""catch_up_hours": 25"#, r#"catch_up_hours is 25, more than give_up_hours (24)"#),
    (r#""give_up_hours": 24"#, r#""give_up_hours": 0"#, r#"give_up_hours is 0"#),
    (r#""give_up_hours": 24"#, r#""give_up_hours": -1"#, r#"at give_up_hours"#),
    (r#""webhook": true"#, r#""webhook": "yes""#, r#"at webhook"#),
    (r#""webhook": true"#, r#""webhook_secret": "x""#, r#"unknown field `webhook_secret`"#),
    (r#""https://ci.example.org""#, r#""ci.example.org""#, r#"dashboard is `ci.example.org`"#),
    (r#""/var/lib/comment-bridge""#, r#""ledger""#, r#"ledger is ledger, which is not absolute"#),
    (r#""/var/lib/comment-bridge""#, r#""/""#, r#"the root of everything"#),
    (r#""/var/lib/comment-bridge""#, r#""/var/lib/../lib/ledger""#, r#"no plain path"#),
    (r#""/var/lib/comment-bridge""#, r#""/var/lib//ledger""#, r#"no plain path"#),
    (r#""/var/lib/comment-bridge""#, r#""/var/lib/recipe-ci/runs""#, r#"not apart from runs"#),
    (r#""/var/lib/comment-bridge""#, r#""/var/lib/recipe-ci""#, r#"not apart from runs"#),
    (r#""/var/lib/recipe-ci/runs""#, r#""/var/lib/comment-bridge/runs""#, r#"not apart from runs"#),
    (r#""/run/comment-bridge""#, r#""published""#, r#"published is published, which is not absolute"#),
    (r#""/run/comment-bridge""#, r#""/var/lib/comment-bridge""#, r#"not apart from ledger"#),
    (r#""/run/comment-bridge""#, r#""/var/lib/recipe-ci""#, r#"not apart from runs"#),
    (r#""/var/lib/recipe-ci/runs""#, r#""runs""#, r#"runs is runs, which is not absolute"#),
    (r#""/etc/ssl/certs/ca-certificates.crt""#, r#""ca.crt""#, r#"authorities is ca.crt, which is not absolute"#),
    (r#""/etc/ssl/certs/ca-certificates.crt""#, r#""/ledger/ca.crt""#, r#"/ledger is a place of the container's own"#),
    (r#""/etc/ssl/certs/ca-certificates.crt""#, r#""/published/ca.crt""#, r#"/published is a place"#),
    (r#""/etc/ssl/certs/ca-certificates.crt""#, r#""/bin/ca.crt""#, r#"/bin is a place of the container's own"#),
    (r#""60990:60990""#, r#""comment-bridge""#, r#"user is `comment-bridge`, not uid:gid"#),
    (r#""60990:60990""#, r#""60990""#, r#"not uid:gid in numbers"#),
    (r#""60990:60990""#, r#""0:0""#, r#"user is `0:0`, root"#),
    (r#""60990:60990""#, r#""60990:0""#, r#"root"#),
    (r#""60990:60990""#, r#""060990:60990""#, r#"not uid:gid in numbers"#),
    (r#""60990:60990""#, r#""-1:-1""#, r#"not uid:gid in numbers"#),
    (r#""60990:60990""#, r#""99999999999:1""#, r#"not uid:gid in numbers"#),
    (r#""60990:60990""#, r#"60990"#, r#"at user"#),
    (r#""memory_mib": 64"#, r#""memory_mib": 4"#, r#"memory_mib is 4"#),
    (r#""memory_mib": 64"#, r#""memory_mib": 1000000"#, r#"memory_mib is 1000000"#),
    (r#""memory_mib": 64"#, r#""memory_mib": "64M""#, r#"at memory_mib"#),
    (r#""192.0.2.10""#, r#""0.0.0.0""#, r#"probe.address is 0.0.0.0"#),
    (r#""192.0.2.10""#, r#""bridge.ci.example.org""#, r#"at probe.address"#),
    (r#""wait_seconds": 180"#, r#""wait_seconds": 0"#, r#"limits.wait_seconds is 0"#),
    (r#""wait_seconds": 180"#, r#""wait_seconds": 6000"#, r#"longer than the whole run may take"#),
    (r#""organisations""#, r#""organizations""#, r#"unknown field `organizations`"#),
];

#[test]
fn every_wrong_configuration_is_refused() {
    assert_refused(PROGRAM, RIGHT, WRONG, &[&["--check-config"], &[], &["--plan"]]);
}

#[test]
fn a_bridge_that_watches_nothing_is_refused() {
    let nothing = r#"{"domain": "b.example.org", "image": "/x.tar", "gitea": {"address": "https://g", "bot": "b"},
        "drone": {"address": "https://d", "repository": "a/b"}}"#;
    assert_refused(PROGRAM, nothing, &[("x.tar", "y.tar", "organisations is empty, and so is repositories")], &[&[]]);
}

#[test]
fn the_example_is_accepted() {
    assert_accepted(PROGRAM, RIGHT);
    // Gitea on a port, one repository, defaults where there are any.
    assert_accepted(
        PROGRAM,
        r#"{"domain": "b.example.org", "image": "/nix/store/0-x.tar.gz", "repositories": ["a/b"],
            "gitea": {"address": "http://git.example.org:3000", "bot": "ci.bot_1"},
            "drone": {"address": "http://10.0.0.1", "repository": "a/c"}, "limits": {"wait_seconds": 60}}"#,
    );
}

#[test]
fn a_text_that_is_no_configuration_is_refused() {
    assert_no_configuration_refused(PROGRAM);
    assert_missing_file_named(PROGRAM);
}
