//! Makes a directory of runs.

use std::io;
use std::path::PathBuf;

use clap::Parser;
use jiff::Timestamp;
use runs::{Ordinary, odd};

#[derive(Debug, Parser)]
#[command(name = "runs", about = "Makes a directory of runs")]
struct Flags {
    /// Directory to fill.
    directory: PathBuf,
    /// Number of runs.
    #[arg(long, default_value_t = 200)]
    runs: u32,
    /// Number of recipes.
    #[arg(long, default_value_t = 12)]
    recipes: u32,
    /// The same seed makes the same runs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// End of the newest run, instead of now.
    #[arg(long)]
    now: Option<Timestamp>,
    /// Adds hostile and damaged runs.
    #[arg(long)]
    odd: bool,
}

fn main() -> io::Result<()> {
    let Flags { directory, runs, recipes, seed, now, odd: with_odd } = Flags::parse();
    Ordinary { runs, recipes, seed, now: now.unwrap_or_else(Timestamp::now) }.fill(&directory)?;
    if with_odd {
        odd::fill(&directory)?;
    }
    Ok(())
}
