//! drone-runner beside Drone's own exec runner, both on a real Drone server: the time from the POST that creates a build to
//! the first command of its first step.
//!
//! Neither the server nor the exec runner is part of this project: `LAB_DRONE_SERVER` and `BENCH_EXEC_RUNNER` name their
//! programs. Both runners are services of one lab, reach the server through Traefik, and always wait for builds; a label of
//! the pipeline chooses between them.

mod site;

use std::error::Error;
use std::fs::File;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use lab::{Lab, UpOptions};
use nix::sched::{CloneFlags, setns};

use crate::figure::{Figures, ms};
use site::Site;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Builds of each runner, after one that only warms caches.
const BUILDS: usize = 40;

/// A runner's pipeline: the name in the figures, and the branch.
const RUNNERS: [(&str, &str); 2] = [("drone-runner", site::OURS), ("the exec runner", site::EXEC)];

/// All figures of the runner.
pub fn figures(figures: &mut Figures) -> Result<()> {
    let given = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (Some(_), Some(exec)) = (given("LAB_DRONE_SERVER"), given("BENCH_EXEC_RUNNER")) else {
        eprintln!(
            "the runner is not measured beside the exec runner: LAB_DRONE_SERVER and BENCH_EXEC_RUNNER are not given"
        );
        return Ok(());
    };
    if let Some(reason) = Lab::why_not() {
        eprintln!("the runner is not measured beside the exec runner: {reason}");
        return Ok(());
    }
    eprintln!("booting a lab with the given Drone server …");
    let lab = Lab::up(&UpOptions { replace: true, ..UpOptions::named("bench-runner") })?;
    let site = Site::new(&lab, &exec)?;
    // In a thread of its own, which requests from within the lab's network as the lab's programs do.
    let measured = thread::scope(|scope| {
        let measuring = scope.spawn(|| measured(&lab, &site).map_err(|error| error.to_string()));
        measuring.join().unwrap_or_else(|_| Err("the measurement panicked".to_owned()))
    });
    lab.down()?;
    let [ours, exec] = measured?.map(Quartiles::of);

    Figures::about(&format!(
        "POST to first command: ours {}, exec runner {} (medians of {BUILDS} in turn)",
        ms(ours.median),
        ms(exec.median)
    ));
    for ((name, _), times) in RUNNERS.iter().zip([&ours, &exec]) {
        let limit = if *name == RUNNERS[0].0 { "no later than the exec runner; " } else { "" };
        let note = format!("{limit}quartiles {} and {}", ms(times.lower), ms(times.upper));
        figures.show(&format!("  {name}"), &ms(times.median), &note, limit.is_empty() || ours.median <= exec.median);
    }
    Ok(())
}

/// The times of both runners.
fn measured(lab: &Lab, site: &Site<'_>) -> Result<[Vec<Duration>; 2]> {
    setns(File::open(lab.network_namespace()?)?, CloneFlags::CLONE_NEWNET)?;
    eprintln!("measuring: {BUILDS} builds of each runner in turn …");
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=BUILDS {
        // Each runner is as often the first one of a round.
        for turn in [round % 2, (round + 1) % 2] {
            let time = site.to_first_command(RUNNERS[turn].1)?;
            if round > 0 {
                times[turn].push(time);
            }
        }
    }
    Ok(times)
}

/// Median and quartiles of times.
#[derive(Debug)]
struct Quartiles {
    lower: Duration,
    median: Duration,
    upper: Duration,
}

impl Quartiles {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let at = |quarter: usize| times[times.len() * quarter / 4];
        Self { lower: at(1), median: at(2), upper: at(3) }
    }
}
