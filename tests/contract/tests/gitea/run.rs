//! Every assertion against every Gitea there is, told the way cargo's own harness tells it.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use crate::site::{Site, Which};

/// A name and what it asserts.
pub type Assertion = (&'static str, fn(&Site));

/// Which assertions were asked for.
#[derive(Debug, Default)]
pub struct Selection {
    words: Vec<String>,
    skipped: Vec<String>,
    lists: bool,
}

impl Selection {
    /// From the arguments that cargo's harness has; what does not choose is of no account here.
    pub fn of_arguments() -> Self {
        let mut selection = Self::default();
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => selection.lists = true,
                "--skip" => selection.skipped.extend(arguments.next()),
                "--test-threads" | "--format" | "--color" | "--logfile" | "-Z" => drop(arguments.next()),
                // Nothing here is ignored by default.
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

/// Runs what was asked for.
pub fn run(assertions: &[Assertion], selection: &Selection) -> ExitCode {
    let began = Instant::now();
    let (mut passed, mut left_out, mut failed) = (0, 0, Vec::new());
    for which in Which::all() {
        let named = assertions.iter().map(|(name, assertion)| (format!("{which}::{}", short(name)), assertion));
        let (chosen, others): (Vec<_>, Vec<_>) = named.partition(|(name, _)| selection.has(name));
        left_out += others.len();
        if selection.lists {
            for (name, _) in &chosen {
                println!("{name}: test");
            }
            continue;
        }
        if chosen.is_empty() {
            continue;
        }
        println!("\nrunning {} assertions about the {which} Gitea", chosen.len());
        let site = match Site::open(which) {
            Ok(site) => site,
            Err(why) => {
                // Counted like any test that cannot run here: passed, and one line that says it was skipped.
                for (name, _) in &chosen {
                    println!("test {name} ... ok\nskipped: {name}: {why}");
                }
                passed += chosen.len();
                continue;
            }
        };
        for (name, assertion) in chosen {
            let ended = catch_unwind(AssertUnwindSafe(|| assertion(&site)));
            println!("test {name} ... {}", if ended.is_ok() { "ok" } else { "FAILED" });
            if ended.is_ok() { passed += 1 } else { failed.push(name) }
        }
    }
    if selection.lists {
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

/// A name without the crate's.
fn short(name: &str) -> &str {
    name.split_once("::").map_or(name, |(_, rest)| rest)
}
