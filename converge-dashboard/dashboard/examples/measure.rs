//! Measures a start with 10,000 runs of 60 recipes, without and with an index, and what a change costs:
//! `cargo run --release -p dashboard --example measure`.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use dashboard::standing::Standing;
use dashboard::store::{Directories, Store};
use jiff::Timestamp;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use runs::Ordinary;

const RUNS: u32 = 10_000;
const RECIPES: u32 = 60;
/// The time in which an idle program is watched.
const IDLE: Duration = Duration::from_secs(5);

fn main() -> io::Result<()> {
    if let Some(root) = std::env::args_os().nth(1) {
        return start(Path::new(&root));
    }
    let root = tempfile::tempdir()?;
    for name in ["runs", "reports", "bridge", "index"] {
        std::fs::create_dir(root.path().join(name))?;
    }
    let ordinary = Ordinary { runs: RUNS, recipes: RECIPES, seed: 1, now: Timestamp::now() };
    ordinary.fill(&root.path().join("runs"))?;
    for index in ["without an index", "with an index"] {
        println!("{RUNS} runs of {RECIPES} recipes, {index}:");
        Command::new(std::env::current_exe()?).arg(root.path()).status()?;
    }
    Ok(())
}

/// One start, in a process of its own.
fn start(root: &Path) -> io::Result<()> {
    let at = |name: &str| root.join(name);
    let store =
        Store::new(Directories { runs: at("runs"), reports: at("reports"), bridge: at("bridge"), index: at("index") });
    let begin = Instant::now();
    store.follow(Duration::ZERO);
    let (wall, count) = (begin.elapsed().as_millis(), store.snapshot().runs.len());
    println!("  start to first snapshot: {wall} ms ({} ms of CPU), {count} runs", cpu().as_millis());
    println!("  resident: {} KiB, most: {} KiB", memory("VmRSS")?, memory("VmHWM")?);

    let begin = Instant::now();
    let snapshot = store.snapshot();
    let now = Timestamp::now();
    let standings: Vec<Standing> = snapshot.recipes.values().map(|recipe| Standing::of(&recipe.runs, now)).collect();
    println!("  standing of {} recipes: {} us", standings.len(), begin.elapsed().as_micros());

    let cpu = cpu();
    let begin = Instant::now();
    while begin.elapsed() < IDLE {
        store.follow(Duration::from_secs(1));
    }
    println!(
        "  idle: {} us of CPU in a second",
        self::cpu().saturating_sub(cpu).as_micros() / u128::from(IDLE.as_secs())
    );

    let new = at("runs").join(format!("new-{}", std::process::id()));
    std::fs::create_dir(&new)?;
    let text = r#"{"schema": 3, "run_id": "x", "recipe": "new", "state": "done", "verdict": "pass"}"#;
    let begin = Instant::now();
    std::fs::write(new.join("results.json"), text)?;
    while store.snapshot().recipes.len() == standings.len() {
        store.follow(Duration::from_secs(1));
    }
    println!("  a new run is seen after {} ms", begin.elapsed().as_millis());
    let begin = Instant::now();
    store.refresh();
    println!("  slow look at everything: {} ms", begin.elapsed().as_millis());
    println!("  resident at the end: {} KiB", memory("VmRSS")?);
    std::fs::remove_dir_all(new)
}

/// A line of `/proc/self/status`, in KiB.
fn memory(line: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let value = value.and_then(|value| value.split_whitespace().next()?.parse().ok());
    value.ok_or_else(|| io::Error::other(format!("the kernel does not tell {line}")))
}

fn cpu() -> Duration {
    let used = getrusage(UsageWho::RUSAGE_SELF).map(|usage| usage.user_time() + usage.system_time());
    Duration::from_micros(used.map_or(0, |time| time.num_microseconds().try_into().unwrap_or_default()))
}
