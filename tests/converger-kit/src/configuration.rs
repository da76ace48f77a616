//! Programs with right and wrong configurations. A wrong one is refused with exit 2, one clear sentence and a hint, and
//! nothing is touched.

use std::fs;
use std::process::{Command, Output};

/// (a text of the right configuration, its replacement, a text of the error)
pub type Wrong = (&'static str, &'static str, &'static str);

/// Texts that are no configuration, and a text of the error.
const NO_CONFIGURATION: [(&str, &str); 6] = [
    ("", "EOF"),
    ("[]", "invalid length"),
    ("{", "EOF"),
    ("\u{0}", "expected"),
    ("null", "expected"),
    ("{}x", "missing field"),
];

/// Runs a program with a configuration in a folder of its own. Returns the names of the files it made there, too.
fn run(program: &str, configuration: &str, flags: &[&str]) -> (Output, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("configuration.json");
    fs::write(&path, configuration).unwrap();
    let output = Command::new(program)
        .arg("--config")
        .arg(&path)
        .args(flags)
        .env_clear()
        // No daemon listens there: a run that called it would end with 1.
        .env("DOCKER_HOST", format!("unix://{}/docker.sock", folder.path().display()))
        .env("RUNTIME_DIRECTORY", folder.path().join("run"))
        .env("STATE_DIRECTORY", folder.path().join("state"))
        .output()
        .unwrap();
    let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    (output, files.filter(|name| name != "configuration.json").collect())
}

/// The reason why this is not a clear refusal that contains `expected`.
fn flaw(output: &Output, files: &[String], expected: &str) -> Option<String> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let is_clear = output.status.code() == Some(2)
        && stderr.contains(expected)
        && stderr.contains("\nhint: ")
        && !stderr.contains("canary")
        && stderr.trim().lines().count() <= 3
        && output.stdout.is_empty()
        && files.is_empty();
    (!is_clear).then(|| format!("{:?}, expected `{expected}`, files {files:?}:\n{stderr}", output.status.code()))
}

/// Asserts that a program refuses every wrong configuration with each of the flags.
#[track_caller]
pub fn assert_refused(program: &str, right: &str, wrong: &[Wrong], flags: &[&[&str]]) {
    let mut failures = Vec::new();
    for (text, replacement, expected) in wrong {
        assert!(right.contains(text), "the right configuration has no {text}");
        let configuration = right.replacen(text, replacement, 1);
        for flags in flags {
            let (output, files) = run(program, &configuration, flags);
            failures.extend(flaw(&output, &files, expected).map(|flaw| format!("{replacement} {flags:?}: {flaw}")));
        }
    }
    let total = wrong.len() * flags.len();
    println!("{} of {total} wrong configurations refused", total - failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Asserts that a program refuses texts that are no configuration, with and without `--check-config`.
#[track_caller]
pub fn assert_no_configuration_refused(program: &str) {
    for (text, expected) in NO_CONFIGURATION {
        for flags in [&["--check-config"][..], &[]] {
            let (output, files) = run(program, text, flags);
            assert_eq!(flaw(&output, &files, expected), None, "{text:?} {flags:?}");
        }
    }
}

/// Asserts that a program accepts a configuration and touches nothing.
#[track_caller]
pub fn assert_accepted(program: &str, configuration: &str) {
    let (output, files) = run(program, configuration, &["--check-config"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(files, [""; 0]);
}

/// Asserts that a program names a configuration file that does not exist.
#[track_caller]
pub fn assert_missing_file_named(program: &str) {
    let output = Command::new(program).args(["--check-config", "--config", "/nowhere/at-all.json"]).output().unwrap();
    assert_eq!(flaw(&output, &[], "/nowhere/at-all.json"), None);
}
