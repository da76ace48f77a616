//! comment-bridge: the real program between the stand-ins, on the loopback.

mod crowd;
mod ledger;
mod program;
mod site;
mod tap;

use std::collections::BTreeMap;
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use comment_bridge::settings::default_poll_seconds;
use forge::{Content, Forge, Kind, Options, World};
use serde_json::json;

use crate::figure::{Figures, ms, seconds};
use program::{Program, Setup};
use site::{Site, TOKEN};
use tap::{Call, Tap};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const REPOSITORIES: usize = 1_000;
const PULLS_EACH: i64 = 5;
const REAL_REPOSITORIES: usize = 50;
const TRIGGERS: i64 = 100_000;
/// The default interval of the polls.
const POLL: Duration = Duration::from_secs(default_poll_seconds());
/// The longest time that anything may take.
const PATIENCE: Duration = Duration::from_secs(20);
const COMMENTS: usize = 30;
const CROWD: usize = 500;

/// All figures of the bridge.
pub fn figures(figures: &mut Figures) -> Result<()> {
    eprintln!("filling a Gitea with {REPOSITORIES} repositories, and a ledger with {TRIGGERS} triggers …");
    let site = Site::new(REPOSITORIES, PULLS_EACH)?;
    let folder = tempfile::tempdir()?;
    let ledger = folder.path().join("ledger.sqlite");
    ledger::filled(&ledger, TRIGGERS)?;
    let setup = Setup {
        gitea: site.to_gitea.address(),
        drone: site.to_drone.address(),
        gitea_token: &site.world.bridge_token,
        drone_token: TOKEN,
        webhook: None,
        poll_seconds: POLL.as_secs(),
        ledger: Some(&ledger),
    };
    Figures::about(&format!(
        "comment-bridge, {REPOSITORIES} repositories with {} open pull requests, {TRIGGERS} triggers in its ledger",
        REPOSITORIES * 5
    ));
    let mut pulls = site.repositories.iter();
    let mut next = || pulls.next().map(|name| format!("/repos/{name}/issues/1/comments")).ok_or("too few repositories");
    let bridge = Program::start(&setup)?;
    let start = bridge.started_in;
    figures.show("start until it answers", &ms(start), "at most 300 ms", start <= Duration::from_millis(300));
    idle(figures, &site.to_gitea, "requests an idle poll");

    eprintln!("{COMMENTS} comments, each at its own moment between two polls …");
    let mut asked = BTreeMap::new();
    for n in 0..COMMENTS {
        let n = u32::try_from(n)?;
        asked.extend([comment(&site, &next()?)?]);
        // A little more than a fifth of the interval: each comment meets another phase of the poll.
        thread::sleep(POLL.mul_f64(0.2 + 0.2 / f64::from(n + 2)));
    }
    let took = built(&site, &asked, PATIENCE)?;
    latency(figures, "by polling", &took, COMMENTS, Duration::from_millis(2500));

    eprintln!("{CROWD} comments within a minute …");
    let began = Instant::now();
    let mut crowd = BTreeMap::new();
    for _ in 0..CROWD {
        crowd.extend([comment(&site, &next()?)?]);
    }
    let posted = began.elapsed();
    let took = built(&site, &crowd, Duration::from_mins(4))?;
    let all = began.elapsed();
    let ok = took.len() == CROWD && posted <= Duration::from_mins(1);
    figures.show(&format!("{CROWD} comments in {}: built", seconds(posted)), &took.len().to_string(), "all", ok);
    figures.tell("  the last of them, since the first comment", &seconds(all), "");
    let doubled = doubled(&site, began);
    figures.show("  built twice", &doubled.to_string(), "0", doubled == 0);
    let peak = bridge.peak_kib()?;
    figures.show("memory, the most it had", &mib(peak), "at most 32 MiB", peak <= 32 * 1024);
    drop(bridge);

    eprintln!("{COMMENTS} comments told by the webhook …");
    let secret = "of the webhook and nobody else";
    let bridge = Program::start(&Setup { webhook: Some(secret), poll_seconds: 60, ledger: None, ..setup })?;
    site.hook(&bridge.address(), secret)?;
    let mut asked = BTreeMap::new();
    for _ in 0..COMMENTS {
        asked.extend([comment(&site, &next()?)?]);
        thread::sleep(Duration::from_millis(150));
    }
    let took = built(&site, &asked, PATIENCE)?;
    latency(figures, "by webhook", &took, COMMENTS, Duration::from_secs(1));
    drop(bridge);
    real(figures, &site)
}

/// The same idle poll of a real Gitea, if there is one.
fn real(figures: &mut Figures, site: &Site) -> Result<()> {
    if Kind::Real.installation().is_none() {
        println!("skipped: real Gitea: it has not been built here");
        return Ok(());
    }
    eprintln!("filling a real Gitea with {REAL_REPOSITORIES} repositories …");
    let forge = Forge::start_with(&Options { kind: Some(Kind::Real), ..Options::default() })?;
    let world: World = forge.fill(&Content::default())?;
    crowd::made(&forge, REAL_REPOSITORIES)?;
    let tap = Tap::to(forge.listens_at().trim_start_matches("http://").parse()?)?;
    let bridge = Program::start(&Setup {
        gitea: tap.address(),
        drone: site.to_drone.address(),
        gitea_token: &world.bridge_token,
        drone_token: TOKEN,
        webhook: None,
        poll_seconds: POLL.as_secs(),
        ledger: None,
    })?;
    idle(figures, &tap, &format!("requests an idle poll of a real Gitea, {REAL_REPOSITORIES} repositories"));
    drop(bridge);
    Ok(())
}

/// Counts the requests of three polls, after the existing comments have been read.
fn idle(figures: &mut Figures, tap: &Tap, what: &str) {
    let deadline = Instant::now() + PATIENCE * 6;
    let mut quiet = 0;
    while quiet < 2 && Instant::now() < deadline {
        let since = Instant::now();
        thread::sleep(POLL);
        quiet = if tap.since(since).len() <= 1 { quiet + 1 } else { 0 };
    }
    let since = Instant::now();
    thread::sleep(POLL * 3 + POLL / 2);
    let calls = tap.since(since);
    let gap = |pair: &[Call]| pair[1].asked - pair[0].asked > Duration::from_secs(1);
    let polls = calls.windows(2).filter(|pair| gap(pair)).count() + 1;
    let ok = (3..=4).contains(&polls) && calls.len() == polls;
    figures.show(what, &format!("{} in {polls}", calls.len()), "1 an organisation", ok);
    let taken = calls.iter().filter_map(|call| Some(call.answered?.0 - call.asked)).max().unwrap_or_default();
    figures.tell("  the longest of them", &ms(taken), "");
}

/// Posts a comment. Returns its id and the time before the request.
fn comment(site: &Site, path: &str) -> Result<(i64, Instant)> {
    let began = Instant::now();
    Ok((site.member().post(path, &json!({"body": "!testme"}))?.number("/id")?, began))
}

/// The time at which each comment's build was answered.
fn answered(site: &Site, since: Instant) -> Vec<(i64, Instant)> {
    let built = |call: Call| {
        let (at, status) = call.answered?;
        let comment = call.line.strip_prefix("POST ")?.split(['?', '&']).find_map(|it| it.strip_prefix("TRIGGER="))?;
        if status == 200 { Some((comment.parse().ok()?, at)) } else { None }
    };
    site.to_drone.since(since).into_iter().filter_map(built).collect()
}

/// The time from each comment to its build.
fn built(site: &Site, asked: &BTreeMap<i64, Instant>, patience: Duration) -> Result<Vec<Duration>> {
    let first = *asked.values().min().ok_or("no comments")?;
    let deadline = Instant::now() + patience;
    loop {
        let built: BTreeMap<i64, Instant> = answered(site, first).into_iter().collect();
        let took = asked.iter().filter_map(|(comment, began)| Some(*built.get(comment)? - *began));
        let took: Vec<Duration> = took.collect();
        if took.len() == asked.len() || Instant::now() > deadline {
            return Ok(took);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn doubled(site: &Site, since: Instant) -> usize {
    let all = answered(site, since);
    all.len() - all.iter().map(|(comment, _)| comment).collect::<std::collections::BTreeSet<_>>().len()
}

fn latency(figures: &mut Figures, how: &str, took: &[Duration], wanted: usize, limit: Duration) {
    let mut took = took.to_vec();
    took.sort_unstable();
    let at = |percent: usize| took.get((took.len() * percent / 100).min(took.len().saturating_sub(1))).copied();
    let (half, most) = (at(50).unwrap_or_default(), at(95).unwrap_or_default());
    figures.tell(&format!("comment to build {how}, median of {}", took.len()), &seconds(half), "");
    let ok = took.len() == wanted && most <= limit;
    figures.show(&format!("comment to build {how}, p95"), &seconds(most), &format!("at most {}", seconds(limit)), ok);
}

fn mib(kib: u64) -> String {
    format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024)
}
