//! Runs every assertion about every available Gitea, several at a time.

use std::process::ExitCode;

use contract::{Named, Outcome, held_by_the_double, trials};
use libtest_mimic::Arguments;

use crate::double::HELD;
use crate::site::{Site, Which};

/// A name and its assertion.
pub type Assertion = Named<fn(&Site)>;

/// Runs the assertions that the arguments select.
pub fn run(assertions: &[Assertion]) -> ExitCode {
    let held = held_by_the_double(assertions, HELD);
    let mut all = Vec::new();
    for which in Which::all() {
        let chosen = if which == Which::Double { held.clone() } else { assertions.to_vec() };
        let outcome = |assertion: fn(&Site)| {
            move |site: &Site| -> Outcome {
                assertion(site);
                Ok(())
            }
        };
        let chosen = chosen.into_iter().map(|(name, assertion)| (name, outcome(assertion))).collect();
        all.extend(trials(&which.to_string(), chosen, move || Site::open(which)));
    }
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
