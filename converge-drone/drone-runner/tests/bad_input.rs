//! Wrong configurations: each is refused with exit 2, one clear sentence and a hint, and touches nothing.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::needless_raw_string_hashes, reason = "a table reads better when its rows look alike")]

use converger_kit::configuration::{
    Wrong, assert_accepted, assert_missing_file_named, assert_no_configuration_refused, assert_refused,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_drone-runner");

const RIGHT: &str = r#"{
  "server": "https://drone.ci.example.org",
  "address": "192.0.2.10",
  "capacity": 2,
  "name": "ci",
  "repositories": ["recipes/ci"],
  "events": ["custom"],
  "steps": {
    "environment": { "ABRA_DIR": "/var/lib/ci/abra", "DOCKER_HOST": "unix:///run/docker.sock" },
    "path": ["/usr/local/bin", "/usr/bin"],
    "shell": "/bin/sh",
    "directory": "/var/lib/drone-runner",
    "credentials": { "registry": "/run/secrets/registry" },
    "properties": { "MemoryMax": "4G", "TasksMax": 4096, "CPUWeight": 50 }
  },
  "metrics": "127.0.0.1:9810",
  "limits": { "stop_seconds": 1, "drain_seconds": 300, "call_seconds": 30, "log_bytes": 5242880 }
}"#;

const WRONG: &[Wrong] = &[
    (r#""server": "https://drone.ci.example.org","#, r#""#, r#"missing field `server`"#),
    (
        r#""https://drone.ci.example.org""#,
        r#""drone.ci.example.org""#,
        r#"server is `drone.ci.example.org`, no address"#,
    ),
    (
        r#""https://drone.ci.example.org""#,
        r#""ftp://drone.ci.example.org""#,
        r#"neither with https:// nor with http://"#,
    ),
    (r#""https://drone.ci.example.org""#, r#""https://drone.ci.example.org/rpc""#, r#"which has a path"#),
    (
        r#""https://drone.ci.example.org""#,
        r#""https://x:canary@drone.example.org""#,
        r#"`https://…@drone.example.org`, which carries a login"#,
    ),
    (
        r#""https://drone.ci.example.org""#,
        r#""https://drone.example.org/?page=1""#,
        r#"`https://drone.example.org/?…`, which has a path"#,
    ),
    (r#""192.0.2.10""#, r#""drone""#, r#"address"#),
    (r#""capacity": 2"#, r#""capacity": 0"#, r#"capacity is 0"#),
    (r#""capacity": 2"#, r#""capacity": 1000"#, r#"capacity is 1000"#),
    (r#""capacity": 2"#, r#""capacity": -1"#, r#"capacity"#),
    (r#""capacity": 2"#, r#""capacity": 1.5"#, r#"capacity"#),
    (r#""name": "ci""#, r#""name": "two words""#, r#"name is no machine's name"#),
    (r#""name": "ci""#, r#""name": """#, r#"name is no machine's name"#),
    (r#"["recipes/ci"]"#, r#"[]"#, r#"repositories is empty"#),
    (r#"["recipes/ci"]"#, r#"["*"]"#, r#"repositories[0] is no repository"#),
    (r#"["recipes/ci"]"#, r#"["recipes/*"]"#, r#"repositories[0] is no repository"#),
    (r#"["recipes/ci"]"#, r#"["recipes/ci", "ci"]"#, r#"repositories[1] is no repository"#),
    (r#""repositories": ["recipes/ci"],"#, r#""#, r#"missing field `repositories`"#),
    (r#"["custom"]"#, r#"[]"#, r#"events is empty"#),
    (r#"["custom"]"#, r#"["everything"]"#, r#"events[0] is no event: `everything`"#),
    (
        r#""ABRA_DIR": "/var/lib/ci/abra""#,
        r#""HOME": "/root""#,
        r#"steps.environment.HOME is set by the runner itself"#,
    ),
    (r#""ABRA_DIR": "/var/lib/ci/abra""#, r#""PATH": "/tmp""#, r#"steps.environment.PATH is set by the runner itself"#),
    (r#""ABRA_DIR": "/var/lib/ci/abra""#, r#""DRONE_BRANCH": "x""#, r#"is set by the runner itself"#),
    (r#""ABRA_DIR": "/var/lib/ci/abra""#, r#""LD_PRELOAD": "/tmp/x.so""#, r#"is set by the runner itself"#),
    (r#""ABRA_DIR": "/var/lib/ci/abra""#, r#""CREDENTIALS_DIRECTORY": "/x""#, r#"is set by the runner itself"#),
    (r#""ABRA_DIR": "/var/lib/ci/abra""#, r#""A B": "x""#, r#"is no variable's name"#),
    (r#""ABRA_DIR": "/var/lib/ci/abra""#, r#""A=B": "x""#, r#"is no variable's name"#),
    (r#""ABRA_DIR": "/var/lib/ci/abra""#, r#""A": "x\u0000y""#, r#"holds control characters"#),
    (r#""ABRA_DIR": "/var/lib/ci/abra""#, r#""A": 1"#, r#"steps.environment.A"#),
    (r#"["/usr/local/bin", "/usr/bin"]"#, r#"["bin"]"#, r#"steps.path is no absolute path: `bin`"#),
    (r#"["/usr/local/bin", "/usr/bin"]"#, r#"["/usr/bin:/tmp"]"#, r#"steps.path is no absolute path"#),
    (r#"["/usr/local/bin", "/usr/bin"]"#, r#"["/usr/../tmp"]"#, r#"steps.path is no absolute path"#),
    (r#""/bin/sh""#, r#""sh""#, r#"steps.shell is no absolute path"#),
    (r#""/var/lib/drone-runner""#, r#""builds""#, r#"steps.directory is no absolute path"#),
    (
        r#""registry": "/run/secrets/registry""#,
        r#""registry": "registry""#,
        r#"steps.credentials.registry is no absolute"#,
    ),
    (
        r#""registry": "/run/secrets/registry""#,
        r#""a/b": "/run/x""#,
        r#"steps.credentials.a/b is no credential's name"#,
    ),
    (r#""MemoryMax": "4G""#, r#""MemoryMax": "4GB""#, r#"steps.properties.MemoryMax is no size"#),
    (r#""MemoryMax": "4G""#, r#""MemoryMax": -1"#, r#"steps.properties.MemoryMax"#),
    (r#""MemoryMax": "4G""#, r#""ExecStartPre": "/bin/touch""#, r#"unknown field `ExecStartPre`"#),
    (r#""MemoryMax": "4G""#, r#""User": "root""#, r#"unknown field `User`"#),
    (r#""TasksMax": 4096"#, r#""TasksMax": 0"#, r#"steps.properties.TasksMax is 0"#),
    (r#""CPUWeight": 50"#, r#""CPUWeight": 0"#, r#"steps.properties.CPUWeight is no weight"#),
    (r#""CPUWeight": 50"#, r#""IOWeight": 10001"#, r#"steps.properties.IOWeight is no weight"#),
    (r#""127.0.0.1:9810""#, r#""0.0.0.0:9810""#, r#"metrics is no port of the loopback and no path"#),
    (r#""127.0.0.1:9810""#, r#""9810""#, r#"metrics is no port of the loopback and no path"#),
    (r#""127.0.0.1:9810""#, r#""metrics.sock""#, r#"metrics is no port of the loopback and no path"#),
    (r#""call_seconds": 30"#, r#""call_seconds": 0"#, r#"limits.call_seconds is 0"#),
    (r#""log_bytes": 5242880"#, r#""log_bytes": 1"#, r#"limits.log_bytes is 1"#),
    (r#""stop_seconds": 1"#, r#""stop_seconds": "1s""#, r#"limits.stop_seconds"#),
    (r#""limits""#, r#""limit""#, r#"unknown field `limit`"#),
];

#[test]
fn every_wrong_configuration_of_the_runner_is_refused() {
    assert_refused(PROGRAM, RIGHT, WRONG, &[&["--check-config"], &[]]);
}

#[test]
fn a_right_configuration_of_the_runner_is_taken() {
    assert_accepted(PROGRAM, RIGHT);
    assert_accepted(PROGRAM, r#"{"server": "http://127.0.0.1:8080", "repositories": ["recipes/ci"]}"#);
}

#[test]
fn wrong_configurations_of_the_runner_are_refused() {
    assert_no_configuration_refused(PROGRAM);
    assert_missing_file_named(PROGRAM);
}
