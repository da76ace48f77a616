//! Plans and reports as text for people.

use std::fmt::{self, Display};

use super::{Outcome, Report};
use base::fact::Fact;
use base::plan::Plan;

/// A plan, one line a change.
#[derive(Debug)]
pub struct PlanText<'a, T> {
    /// The converger's name.
    pub name: &'a str,
    /// The plan.
    pub plan: &'a Plan<T>,
    /// The facts it was made with.
    pub facts: &'a [Fact],
}

impl<T: Display> Display for PlanText<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, plan, facts } = self;
        if plan.is_empty() {
            writeln!(f, "{name}: nothing to do")?;
        }
        for change in plan.sequences.iter().flat_map(|sequence| &sequence.changes) {
            writeln!(f, "{name}: would {change}")?;
        }
        for wait in &plan.waits {
            writeln!(f, "{name}: would wait for {}: {}", wait.for_what, wait.seen)?;
        }
        for drift in &plan.drift {
            writeln!(f, "{name}: drift: {}: {}", drift.object, drift.reason)?;
            hint(f, &drift.commands.join("\n      "))?;
        }
        for block in &plan.blocks {
            writeln!(f, "{name}: blocked: {}: {}", block.object, block.reason)?;
            hint(f, &block.hint)?;
        }
        write_facts(f, name, facts)
    }
}

/// A report, in a few lines.
#[derive(Debug)]
pub struct ReportText<'a>(pub &'a Report);

impl Display for ReportText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let name = &report.converger;
        writeln!(f, "{name}: {} ({:.2} s)", report.status, report.seconds)?;
        if report.outcome == Outcome::Failed {
            return Ok(());
        }
        write_facts(f, name, &report.facts)
    }
}

fn write_facts(f: &mut fmt::Formatter<'_>, name: &str, facts: &[Fact]) -> fmt::Result {
    for warning in facts.iter().filter_map(|fact| fact.warning.as_ref()) {
        writeln!(f, "{name}: warning: {}", warning.message)?;
        hint(f, &warning.hint)?;
    }
    Ok(())
}

fn hint(f: &mut fmt::Formatter<'_>, hint: &str) -> fmt::Result {
    if hint.is_empty() { Ok(()) } else { writeln!(f, "hint: {hint}") }
}
