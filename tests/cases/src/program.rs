//! A program run on a configuration of a test's own: a right one, and wrong ones, each of which it refuses with exit 2, one
//! clear sentence and a hint, and touches nothing.

use std::fs;
use std::process::{Command, Output};

/// Runs a program on a configuration, in a place of its own; answers what it left there, too.
pub fn run(program: &str, configuration: &str, flags: &[&str]) -> (Output, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("configuration.json");
    fs::write(&path, configuration).unwrap();
    let output = Command::new(program)
        .arg("--config")
        .arg(&path)
        .args(flags)
        .env_clear()
        // Nobody listens there: a run that asked would end with 1.
        .env("DOCKER_HOST", format!("unix://{}/docker.sock", folder.path().display()))
        .env("RUNTIME_DIRECTORY", folder.path().join("run"))
        .env("STATE_DIRECTORY", folder.path().join("state"))
        .output()
        .unwrap();
    let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    (output, left.filter(|name| name != "configuration.json").collect())
}

/// (what is replaced in the right configuration, by what, what the error says)
pub type Wrong = (&'static str, &'static str, &'static str);

/// Every row, with each of the flags; answers what is wrong with the refusals.
pub fn refused(program: &str, good: &str, wrong: &[Wrong], flags: &[&[&str]]) {
    let mut failures = Vec::new();
    for (there, instead, expected) in wrong {
        assert!(good.contains(there), "the right configuration has no {there}");
        let configuration = good.replacen(there, instead, 1);
        for flags in flags {
            let (output, left) = run(program, &configuration, flags);
            let said = String::from_utf8(output.stderr).unwrap();
            let is_right = output.status.code() == Some(2)
                && said.contains(expected)
                && said.contains("hint: ")
                && !said.contains("canary")
                && said.trim().lines().count() <= 3
                && output.stdout.is_empty()
                && left.is_empty();
            if !is_right {
                let code = output.status.code();
                failures.push(format!("{instead} {flags:?}: {code:?}, expected `{expected}`, left {left:?}:\n{said}"));
            }
        }
    }
    let total = wrong.len() * flags.len();
    println!("{} of {total} wrong configurations refused", total - failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Texts that are no configuration at all, and what is said of them.
const NONE: [(&str, &str); 6] = [
    ("", "EOF"),
    ("[]", "invalid length"),
    ("{", "EOF"),
    ("\u{0}", "expected"),
    ("null", "expected"),
    ("{}x", "missing"),
];

/// What is no configuration at all is refused.
pub fn refuses_what_is_none(program: &str) {
    for (text, expected) in NONE {
        let (output, left) = run(program, text, &["--check-config"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains(expected) && said.contains("hint: ") && left.is_empty(), "{text}: {said}");
    }
}

/// A right configuration is taken, and nothing touched.
pub fn takes(program: &str, configuration: &str) {
    let (output, left) = run(program, configuration, &["--check-config"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(left.is_empty(), "{left:?}");
}

/// Without a file, the file is named.
pub fn says_that_there_is_no_file(program: &str) {
    let output = Command::new(program).args(["--check-config", "--config", "/nowhere/at-all.json"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("/nowhere/at-all.json") && said.contains("hint: "), "{said}");
}
