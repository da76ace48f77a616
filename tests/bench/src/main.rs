//! The figures of the design, measured beside the same checks as shell scripts.
//!
//! `make bench` prints them; the exit code is 1 if a limit is not reached. `bench convergers`, `bench lab`, `bench bridge` and
//! `bench runner` measure one part.

mod bridge;
mod convergers;
mod figure;
mod machine;
mod measure;
mod runner;
mod world;

use std::error::Error;
use std::process::ExitCode;

use figure::Figures;

type Part = fn(&mut Figures) -> Result<(), Box<dyn Error>>;
const PARTS: [(&str, Part); 4] = [
    ("convergers", convergers::figures),
    ("lab", machine::figures),
    ("bridge", bridge::figures),
    ("runner", runner::figures),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|wanted| !PARTS.iter().any(|(name, _)| name == *wanted)) {
        eprintln!("error: there is no part `{unknown}`\nhint: the parts are convergers, lab, bridge and runner");
        return ExitCode::from(2);
    }
    let mut figures = Figures::new();
    let mut whole = true;
    for (_, measure) in PARTS.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|it| it == name)) {
        if let Err(error) = measure(&mut figures) {
            eprintln!("error: {error}");
            whole = false;
        }
    }
    if whole && figures.are_reached() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
