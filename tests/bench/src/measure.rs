//! Wall and CPU time of a command, over many runs.

use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Times of one command.
#[derive(Debug, Clone, Copy)]
pub struct Took {
    /// Wall time.
    pub wall: Duration,
    /// CPU time, with its children's.
    pub cpu: Duration,
}

/// Runs each command `times` times, in turns, so that other load affects all alike. Returns the medians.
pub fn side_by_side(times: usize, commands: &mut [Command]) -> io::Result<Vec<Took>> {
    let mut taken = vec![Vec::with_capacity(times); commands.len()];
    for round in 0..=times {
        for (command, taken) in commands.iter_mut().zip(&mut taken) {
            let took = once(command)?;
            // The first round only warms caches.
            if round > 0 {
                taken.push(took);
            }
        }
    }
    Ok(taken.iter_mut().map(|taken| median(taken)).collect())
}

fn once(command: &mut Command) -> io::Result<Took> {
    let before = cpu()?;
    let began = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let wall = began.elapsed();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!("{command:?} ended with {}: {said}", output.status)));
    }
    Ok(Took { wall, cpu: cpu()?.saturating_sub(before) })
}

fn median(taken: &mut [Took]) -> Took {
    let middle = taken.len() / 2;
    taken.sort_by_key(|took| took.cpu);
    let cpu = taken[middle].cpu;
    taken.sort_by_key(|took| took.wall);
    Took { wall: taken[middle].wall, cpu }
}

/// CPU time of all ended children.
fn cpu() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}

fn duration(time: TimeVal) -> Duration {
    let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}
