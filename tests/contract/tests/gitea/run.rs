//! Runs every assertion for every available Gitea and prints the result in the form of cargo's harness.

use std::env;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::double::HELD;
use crate::site::{Site, Which};

/// A name and its assertion.
pub type Assertion = (&'static str, fn(&Site));

/// The same, with the Gitea under test in its name.
type Named = (String, fn(&Site));

/// Selected assertions.
#[derive(Debug, Default)]
pub struct Selection {
    words: Vec<String>,
    skipped: Vec<String>,
    lists: bool,
    /// Number of assertions that run at the same time.
    threads: usize,
}

impl Selection {
    /// Reads the arguments of cargo's harness; ignores those that select nothing.
    pub fn of_arguments() -> Self {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let mut selection = Self { threads, ..Self::default() };
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => selection.lists = true,
                "--skip" => selection.skipped.extend(arguments.next()),
                "--test-threads" => {
                    let given = arguments.next().and_then(|number| number.parse().ok());
                    selection.threads = given.unwrap_or(threads).max(1);
                }
                "--format" | "--color" | "--logfile" | "-Z" => drop(arguments.next()),
                // No assertion is ignored by default.
                "--ignored" => selection.skipped.push(String::new()),
                flag if flag.starts_with("--test-threads=") => {
                    let given = flag.split_once('=').and_then(|(_, number)| number.parse().ok());
                    selection.threads = given.unwrap_or(threads).max(1);
                }
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
    let (mut passed, mut left_out, mut failed) = (0, 0, Vec::new());
    for which in Which::all() {
        let held = assertions.iter().filter(|(name, _)| which != Which::Double || HELD.contains(&short(name)));
        let named = held.map(|(name, assertion)| (format!("{which}::{}", short(name)), *assertion));
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
                // Counted like any skipped test: passed, with one line that says so.
                for (name, _) in &chosen {
                    println!("test {name} ... ok\nskipped: {name}: {why}");
                }
                passed += chosen.len();
                continue;
            }
        };
        let bad = each(&site, &chosen, selection.threads);
        passed += chosen.len() - bad.len();
        failed.extend(bad);
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

/// Runs the assertions, several at a time, and returns the names of those that failed.
fn each(site: &Site, chosen: &[Named], threads: usize) -> Vec<String> {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((name, assertion)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let holds = catch_unwind(AssertUnwindSafe(|| assertion(site))).is_ok();
            println!("test {name} ... {}", if holds { "ok" } else { "FAILED" });
            if !holds {
                failed.lock().unwrap().push(name.clone());
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    failed.into_inner().unwrap()
}

/// A name without the crate's.
fn short(name: &str) -> &str {
    name.split_once("::").map_or(name, |(_, rest)| rest)
}
