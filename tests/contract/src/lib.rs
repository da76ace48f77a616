//! Assertions that hold for the real program, the stand-in and the double alike.
//!
//! They run by libtest-mimic in place of the usual harness, because all assertions about a server share it: it starts
//! before the first of them and stops after the last.

use std::sync::{Arc, LazyLock};

use libtest_mimic::Trial;

/// Result of an assertion that did not panic; `Err` is the reason to skip it.
pub type Outcome = Result<(), String>;

/// A name (`<crate>::<module>::<function>`) and its assertion.
pub type Named<F> = (&'static str, F);

/// Assertions that the double is held to: those whose `<module>::<function>` is in `held`.
///
/// # Panics
///
/// On an unknown name.
pub fn held_by_the_double<F: Copy>(assertions: &[Named<F>], held: &[&str]) -> Vec<Named<F>> {
    let unknown = |name: &&&str| !assertions.iter().any(|(known, _)| short(known) == **name);
    assert_eq!(held.iter().find(unknown), None, "the double is held to an assertion that does not exist");
    assertions.iter().copied().filter(|(name, _)| held.contains(&short(name))).collect()
}

/// The trials of the assertions about one server, which `open` starts; an error is the reason to skip all of them.
pub fn trials<S, F>(
    server: &str,
    assertions: Vec<Named<F>>,
    open: impl FnOnce() -> Result<S, String> + Send + 'static,
) -> Vec<Trial>
where
    S: Send + Sync + 'static,
    F: Fn(&S) -> Outcome + Send + 'static,
{
    let open: Box<dyn FnOnce() -> Result<S, String> + Send> = Box::new(open);
    let site = Arc::new(LazyLock::new(open));
    let trial = |(name, assertion): Named<F>| {
        let (name, site) = (format!("{server}::{}", short(name)), site.clone());
        Trial::test(name.clone(), move || {
            let outcome = match &**site {
                Ok(site) => assertion(site),
                Err(reason) => Err(reason.clone()),
            };
            // Counted like any skipped test: passed, with one line that says so. The line break ends the line that the
            // harness has begun.
            if let Err(reason) = outcome {
                println!("\nskipped: {name}: {reason}");
            }
            Ok(())
        })
    };
    assertions.into_iter().map(trial).collect()
}

/// A name without the crate's.
fn short(name: &str) -> &str {
    name.split_once("::").map_or(name, |(_, rest)| rest)
}
