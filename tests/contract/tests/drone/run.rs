//! Runs every assertion about every available Drone server, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use contract::{Named, Outcome, held_by_the_double, trials};
use libtest_mimic::Arguments;

use crate::double::HELD;
use crate::site::{Site, Which};

/// A name and its assertion.
pub type Assertion = Named<fn(&Site) -> Outcome>;

/// Runs the assertions that the arguments select.
pub fn run(assertions: &[Assertion]) -> ExitCode {
    let held = held_by_the_double(assertions, HELD);
    let mut all = Vec::new();
    for which in Which::all() {
        let chosen = if which == Which::Double { held.clone() } else { assertions.to_vec() };
        let chosen = chosen.into_iter().map(|(name, assertion)| (name, shared(assertion))).collect();
        all.extend(trials(&which.to_string(), chosen, move || Site::open(&which).map(Mutex::new)));
    }
    // The assertions about one server change its only bot.
    libtest_mimic::run(&Arguments { test_threads: Some(1), ..Arguments::from_args() }, all).exit_code()
}

/// The assertion about a shared site; a failed one prints the end of the server's log.
fn shared(assertion: fn(&Site) -> Outcome) -> impl Fn(&Mutex<Site>) -> Outcome + Send + 'static {
    move |site| {
        let site = site.lock().unwrap_or_else(PoisonError::into_inner);
        catch_unwind(AssertUnwindSafe(|| assertion(&site))).unwrap_or_else(|panic| {
            eprintln!("{}", site.end_of_log());
            resume_unwind(panic)
        })
    }
}
