//! What a server has after some months: recipes that pass, fail, flip, break; all kinds and modes; runs that go on.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use results::{
    Artefact, Base, Customisation, Fault, Finding, Flags, Mode, Report, RunError, RunKind, RungName, RungReport,
    RungStatus, State, TestReport, UpgradeDiff, Verdict,
};

/// The number of newest runs that have a log and a badge beside their results.
const WITH_FILES: u32 = 20;
/// The number of newest runs that go on.
const RUNNING: u32 = 2;
/// The phases of a run, in their order.
const PHASES: [&str; 8] = ["checkout", "install", "upgrade", "backup", "restore", "custom", "lint", "teardown"];
/// Names of recipes; further ones are numbered.
const RECIPES: [&str; 12] = [
    "hedgedoc",
    "nextcloud",
    "keycloak",
    "matrix-synapse",
    "mumble",
    "gitea",
    "wordpress",
    "plausible",
    "vikunja",
    "peertube",
    "lasuite-docs",
    "custom-html",
];

/// The runs to make.
#[derive(Debug, Clone, Copy)]
pub struct Ordinary {
    /// Number of runs; their ids are 1 to this number.
    pub runs: u32,
    /// Number of recipes.
    pub recipes: u32,
    /// The same seed makes the same runs.
    pub seed: u64,
    /// End of the newest run.
    pub now: Timestamp,
}

impl Ordinary {
    /// Makes the runs below a directory.
    pub fn fill(&self, directory: &Path) -> io::Result<()> {
        let mut random = Rng::with_seed(self.seed);
        for number in 1..=self.runs {
            let report = self.report(number, &mut random);
            let run = directory.join(number.to_string());
            fs::create_dir_all(&run)?;
            // Without the wait for the disk of `Report::write`.
            fs::write(run.join("results.json"), report.to_json()?)?;
            if number + WITH_FILES > self.runs {
                fs::write(run.join("run.log"), log(&report))?;
                fs::write(run.join("badge.svg"), BADGE)?;
            }
        }
        Ok(())
    }

    /// The report of a run.
    pub fn report(&self, number: u32, random: &mut Rng) -> Report {
        let recipe = random.u32(0..self.recipes.max(1));
        let name = RECIPES.get(recipe as usize).map_or_else(|| format!("recipe-{recipe}"), |name| (*name).to_owned());
        let is_running = number + RUNNING > self.runs;
        let is_quick = random.u8(0..10) == 0;
        let failed = failed_rung(recipe, number, self.runs, random);
        let is_servers_fault = !is_running && random.u8(0..50) == 0;
        let kind = [RunKind::Release, RunKind::Branch, RunKind::Pull, RunKind::Pull][random.usize(0..4)];
        let rungs = rungs(failed, is_quick, random);
        let whole: f64 = rungs.values().map(|rung| rung.seconds).sum::<f64>() + 20.0;
        // A run each 20 minutes.
        let ended = self.now - SignedDuration::from_mins(20) * i32::try_from(self.runs - number).unwrap_or(i32::MAX);
        let decisive = failed.filter(|rung| *rung != RungName::Lint);
        let verdict = match (is_servers_fault, decisive) {
            (true, _) => Verdict::Error,
            (false, Some(_)) => Verdict::Fail,
            (false, None) => Verdict::Pass,
        };
        let timings = PHASES.iter().map(|phase| {
            let rung = RungName::ALL.into_iter().find(|rung| rung.as_str() == *phase);
            let seconds = rung.and_then(|rung| rungs.get(&rung)).map_or(8.5, |rung| rung.seconds);
            ((*phase).to_owned(), seconds)
        });
        let step = self.runs.saturating_sub(number) / 500;
        Report {
            run_id: number.to_string(),
            version: Some(format!("{}.{}.0+{}.4.1", 9_u32.saturating_sub(step), recipe % 7, recipe % 3)),
            commit: format!("{:032x}{number:08x}", u128::from(random.u64(..)) << 7),
            pull: (kind == RunKind::Pull).then(|| i64::from(random.u8(1..60))),
            source: format!("recipes/{name}"),
            recipe: name,
            kind,
            mode: if is_quick { Mode::Quick } else { Mode::Full },
            state: if is_running { State::Running } else { State::Done },
            phase: if is_running { "upgrade".into() } else { "teardown".into() },
            started: ended - SignedDuration::from_secs_f64(whole),
            finished: (!is_running).then_some(ended),
            verdict: (!is_running).then_some(verdict),
            tests: tests(&rungs, random),
            timings: timings.take(if is_running { 2 } else { PHASES.len() }).collect(),
            rungs: if is_running { rungs.into_iter().take(1).collect() } else { rungs },
            base: Base {
                version: Some(format!("1.{}.0+1.0.0", recipe % 7)),
                why: Some("newest release before".into()),
            },
            customisation: Customisation { overlay: recipe.is_multiple_of(5), ..Customisation::default() },
            flags: Flags { clean_teardown: Some(random.u8(0..100) > 0), no_secret_leak: Some(true) },
            findings: findings(recipe),
            upgrade_diff: (!is_quick).then(|| UpgradeDiff {
                images: vec![format!("app: {recipe}.3.0 -> {recipe}.4.0")],
                env_keys: vec!["+ LOG_LEVEL".into()],
                ..UpgradeDiff::default()
            }),
            fault: if is_servers_fault { Some(Fault::Server) } else { decisive.map(|_| Fault::Recipe) },
            attempts: 1 + u32::from(is_servers_fault),
            artefacts: vec![Artefact {
                name: "badge.svg".into(),
                bytes: BADGE.len() as u64,
                media_type: "image/svg+xml".into(),
            }],
            error: is_servers_fault.then(|| RunError {
                message: "the runner ended during the run".into(),
                causes: vec!["SIGTERM".into()],
                hint: Some("start the run again".into()),
            }),
        }
    }
}

const BADGE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20"><rect width="90" height="20" fill="#2a7"/></svg>"##;

/// The rung that fails, by the recipe's habit: most pass, some always fail of late, one flips, one breaks at install.
fn failed_rung(recipe: u32, number: u32, runs: u32, random: &mut Rng) -> Option<RungName> {
    let is_late = number > runs - runs / 10;
    match recipe % 12 {
        3 if is_late => Some(RungName::Upgrade),
        5 if random.bool() => Some(RungName::Restore),
        7 if is_late => Some(RungName::Install),
        9 => Some(RungName::Lint),
        _ if random.u8(0..25) == 0 => Some(RungName::ALL[random.usize(0..RungName::ALL.len())]),
        _ => None,
    }
}

fn rungs(failed: Option<RungName>, is_quick: bool, random: &mut Rng) -> BTreeMap<RungName, RungReport> {
    let mut is_over = false;
    let mut rungs = BTreeMap::new();
    for name in RungName::ALL {
        let is_left_out = is_quick && !matches!(name, RungName::Install | RungName::Custom | RungName::Lint);
        let (status, reason) = if is_left_out {
            (RungStatus::Skip, Some("quick run".into()))
        } else if failed == Some(name) {
            is_over = name != RungName::Lint;
            (RungStatus::Fail, Some("the app did not answer within 300 s".into()))
        } else if is_over && name != RungName::Lint {
            (RungStatus::Unverified, Some("not run: a rung before it failed".into()))
        } else {
            (RungStatus::Pass, None)
        };
        let is_run = matches!(status, RungStatus::Pass | RungStatus::Fail);
        let seconds = if is_run { f64::from(random.u16(20..900)) / 10.0 } else { 0.0 };
        rungs.insert(name, RungReport { status, reason, seconds });
    }
    rungs
}

fn tests(rungs: &BTreeMap<RungName, RungReport>, random: &mut Rng) -> Vec<TestReport> {
    let run = rungs.iter().filter(|(_, rung)| matches!(rung.status, RungStatus::Pass | RungStatus::Fail));
    let of = |(name, rung): (&RungName, &RungReport)| {
        let count = random.u8(1..4);
        let test = |number| {
            let has_failed = rung.status == RungStatus::Fail && number == count - 1;
            TestReport {
                rung: *name,
                name: format!("test_{}_{number}", name.as_str()),
                status: if has_failed { RungStatus::Fail } else { RungStatus::Pass },
                seconds: rung.seconds / f64::from(count),
                output_tail: if has_failed { FAILURE.into() } else { "1 passed\n".into() },
            }
        };
        (0..count).map(test).collect::<Vec<_>>()
    };
    run.flat_map(of).collect()
}

const FAILURE: &str = "GET https://hedg-c95a69.ci.example.org/ -> 502\nGET https://hedg-c95a69.ci.example.org/ -> 502\n\
     \u{1b}[31mE   AssertionError: the app did not answer within 300 s\u{1b}[0m\n";

fn findings(recipe: u32) -> Vec<Finding> {
    let finding = Finding {
        check: "healthcheck".into(),
        severity: "warning".into(),
        place: "compose.yml: services.app".into(),
        text: "the service has no healthcheck".into(),
        hint: Some("add one, so that a deploy waits for the app".into()),
    };
    vec![finding; (recipe % 3) as usize]
}

fn log(report: &Report) -> String {
    let lines = report.timings.iter().flat_map(|(phase, seconds)| {
        [format!("== {phase}\n"), format!("\u{1b}[32mok\u{1b}[0m after {seconds:.1} s\n")]
    });
    lines.collect()
}

#[cfg(test)]
mod tests_of_runs {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_runs_and_all_are_readable() {
        let now = Timestamp::from_second(1_795_900_000).unwrap();
        let made = |seed| {
            let directory = tempfile::tempdir().unwrap();
            Ordinary { runs: 50, recipes: 15, seed, now }.fill(directory.path()).unwrap();
            let text = |number: u32| fs::read(directory.path().join(format!("{number}/results.json"))).unwrap();
            (1..=50).map(text).collect::<Vec<Vec<u8>>>()
        };
        let first = made(1);
        assert!(first == made(1) && first != made(2));
        for file in first {
            let results = results::parse(&file).unwrap();
            assert_eq!((results.left_out, results.recipe.is_some()), (0, true));
        }
    }
}
