//! Wrong configurations of both programs: each is refused with exit 2, one clear sentence and a hint, and touches nothing.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that cannot go on fails")]
#![allow(clippy::needless_raw_string_hashes, reason = "a table reads better when its rows look alike")]

mod converger;
mod runner;

use std::process::Command;

use cases::program::run;

/// (what is replaced in the right configuration, by what, what the error says)
type Wrong = (&'static str, &'static str, &'static str);

/// Every row, with each of the flags; answers what is wrong with the refusals.
fn refused(program: &str, good: &str, wrong: &[Wrong], flags: &[&[&str]]) {
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

fn refuses_what_is_none(program: &str) {
    for (text, expected) in NONE {
        let (output, left) = run(program, text, &["--check-config"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains(expected) && said.contains("hint: ") && left.is_empty(), "{text}: {said}");
    }
}

fn takes(program: &str, configuration: &str) {
    let (output, left) = run(program, configuration, &["--check-config"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(left.is_empty(), "{left:?}");
}

fn says_that_there_is_no_file(program: &str) {
    let output = Command::new(program).args(["--check-config", "--config", "/nowhere/at-all.json"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("/nowhere/at-all.json") && said.contains("hint: "), "{said}");
}
