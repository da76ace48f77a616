//! The lab: its boot, and a switch with nothing changed.

use std::error::Error;
use std::time::{Duration, Instant};

use lab::{Configuration, Lab, UpOptions};

use crate::figure::{Figures, seconds};

/// Switches, of which the median counts.
const SWITCHES: usize = 5;

/// All figures of the lab.
pub fn figures(figures: &mut Figures) -> Result<(), Box<dyn Error>> {
    if let Some(reason) = Lab::why_not() {
        eprintln!("the lab is not measured: {reason}");
        return Ok(());
    }
    eprintln!("booting a lab …");
    let configuration = Configuration::of_the_lab()?;
    let began = Instant::now();
    let lab = Lab::up(&UpOptions { replace: true, ..UpOptions::named("bench") })?;
    let booted = began.elapsed();
    let mut taken = Vec::new();
    for _ in 0..SWITCHES {
        let began = Instant::now();
        lab.switch(&configuration)?.ok()?;
        taken.push(began.elapsed());
    }
    lab.down()?;
    taken.sort();
    let switch = taken[SWITCHES / 2];

    Figures::about("the lab");
    let limit = Duration::from_secs(20);
    figures.show("made, booted, and all pieces converged", &seconds(booted), "at most 20 s", booted <= limit);
    let limit = Duration::from_secs(1);
    figures.show("a switch with nothing changed, all pieces run", &seconds(switch), "at most 1 s", switch <= limit);
    Ok(())
}
