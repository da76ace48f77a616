//! Runs every assertion for the available server and prints the result in the form of cargo's harness.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use crate::double::HELD;
use crate::site::{Site, Which};

/// A name and its assertion; `Err` is the reason to skip it.
pub type Assertion = (&'static str, fn(&Site) -> Outcome);

/// The same, with the server it is about in its name.
type Named = (String, fn(&Site) -> Outcome);

/// Result of an assertion that did not panic.
pub type Outcome = Result<(), String>;

/// Selected assertions.
#[derive(Debug, Default)]
pub struct Selection {
    words: Vec<String>,
    skipped: Vec<String>,
    lists: bool,
}

impl Selection {
    /// Reads the arguments of cargo's harness; ignores those that select nothing.
    pub fn of_arguments() -> Self {
        let mut selection = Self::default();
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => selection.lists = true,
                "--skip" => selection.skipped.extend(arguments.next()),
                "--test-threads" | "--format" | "--color" | "--logfile" | "-Z" => drop(arguments.next()),
                // No assertion is ignored by default.
                "--ignored" => selection.skipped.push(String::new()),
                flag if flag.starts_with('-') => {}
                word => selection.words.push(word.to_owned()),
            }
        }
        selection
    }

    fn has(&self, name: &str) -> bool {
        (self.words.is_empty() || self.words.iter().any(|word| name.contains(word)))
            && !self.skipped.iter().any(|word| name.contains(word))
    }
}

/// Runs the selected assertions.
pub fn run(assertions: &[Assertion], selection: &Selection) -> ExitCode {
    let began = Instant::now();
    let unknown = |held: &&&str| !assertions.iter().any(|(name, _)| short(name) == **held);
    assert_eq!(HELD.iter().find(unknown), None, "the double is held to an assertion that there is not");
    let (mut passed, mut left_out, mut failed, mut is_empty) = (0, 0, Vec::new(), true);
    for which in Which::all() {
        let held = assertions.iter().filter(|(name, _)| which != Which::Double || HELD.contains(&short(name)));
        let named = held.map(|(name, assertion)| (format!("{which}::{}", short(name)), *assertion));
        let (chosen, others): (Vec<_>, Vec<_>) = named.partition(|(name, _)| selection.has(name));
        left_out += others.len();
        is_empty &= chosen.is_empty();
        if selection.lists || chosen.is_empty() {
            for (name, _) in &chosen {
                println!("{name}: test");
            }
            continue;
        }
        let bad = about(&which, &chosen);
        passed += chosen.len() - bad.len();
        failed.extend(bad);
    }
    if selection.lists || is_empty {
        return ExitCode::SUCCESS;
    }
    for name in &failed {
        println!("    {name}");
    }
    println!(
        "\ntest result: {}. {passed} passed; {} failed; 0 ignored; 0 measured; {left_out} filtered out; finished in {:.2}s",
        if failed.is_empty() { "ok" } else { "FAILED" },
        failed.len(),
        began.elapsed().as_secs_f32(),
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Asserts each of one server. Returns the names of those that do not hold.
fn about(which: &Which, chosen: &[Named]) -> Vec<String> {
    println!("\nrunning {} assertions about the {which} Drone server", chosen.len());
    let site = match Site::open(which) {
        Ok(site) => site,
        Err(why) => {
            // Counted like any skipped test: passed, with one line that says so.
            for (name, _) in chosen {
                println!("test {name} ... ok\nskipped: {name}: {why}");
            }
            return Vec::new();
        }
    };
    let mut failed = Vec::new();
    for (name, assertion) in chosen {
        let ended = catch_unwind(AssertUnwindSafe(|| assertion(&site)));
        println!("test {name} ... {}", if ended.is_ok() { "ok" } else { "FAILED" });
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(why)) => println!("skipped: {name}: {why}"),
            Err(_) => failed.push(name.clone()),
        }
    }
    if !failed.is_empty() {
        eprintln!("{}", site.end_of_log());
    }
    failed
}

/// A name without the crate's.
fn short(name: &str) -> &str {
    name.split_once("::").map_or(name, |(_, rest)| rest)
}
