//! What holds in the end of every schedule, whatever happened.

use std::collections::BTreeMap;

use comment_bridge::testing::{State, StateKind};

use super::run::{Asked, Told};
use crate::story::World;
use doubles::Build;

/// The violations of the laws: lost, doubled, built of another commit than the head when asked, and others.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    pub lost: Vec<String>,
    pub doubled: Vec<String>,
    pub unasked: Vec<String>,
    pub wrong: Vec<String>,
}

impl Tally {
    pub fn is_clean(&self) -> bool {
        [&self.lost, &self.doubled, &self.unasked, &self.wrong].into_iter().all(Vec::is_empty)
    }
}

/// The command of a comment, by the text of the design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Test { quick: bool },
    Cancel,
    Nothing,
}

fn wish(body: &str) -> Wish {
    match body.trim() {
        "!testme" => Wish::Test { quick: false },
        "!testme --quick" => Wish::Test { quick: true },
        "!testme cancel" => Wish::Cancel,
        _ => Wish::Nothing,
    }
}

/// How many builds a comment may have that ran to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    None,
    One,
    AtMostOne,
}

/// The builds of one comment.
#[derive(Debug, Clone, Copy, Default)]
struct Runs {
    /// First runs that the server ended.
    first_by_server: usize,
    /// Second runs, without cancelled twins.
    second: usize,
    /// Second runs that the server ended.
    second_by_server: usize,
    /// Runs whose end is never told.
    lost: usize,
}

impl Runs {
    fn add(&mut self, build: &Build) {
        let is_by_server = build.is_lost || build.is_ended_by_runner && build.status == "error";
        let is_second = build.params.get("ATTEMPT").is_some_and(|attempt| attempt == "2");
        self.lost += usize::from(build.is_lost);
        self.first_by_server += usize::from(is_by_server && !is_second);
        self.second += usize::from(is_second && (build.status != "killed" || build.is_lost));
        self.second_by_server += usize::from(is_by_server && is_second);
    }
}

pub fn judge(world: &World, told: &Told) -> Tally {
    let mut tally = Tally::default();
    let mut ran: BTreeMap<i64, Vec<(i64, String)>> = BTreeMap::new();
    let mut all: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut runs: BTreeMap<i64, Runs> = BTreeMap::new();
    for (number, build) in &world.network().drone.builds {
        let Some(trigger) = build.params.get("TRIGGER").and_then(|it| it.parse::<i64>().ok()) else {
            tally.wrong.push(format!("build {number} carries no trigger"));
            continue;
        };
        all.entry(trigger).or_default().push(*number);
        let commit = build.params.get("REF");
        if let Some(asked) = told.comments.get(&trigger)
            && commit != Some(&asked.head)
        {
            tally.unasked.push(format!("build {number} of comment {trigger} is of {commit:?}, not of {}", asked.head));
        }
        runs.entry(trigger).or_default().add(build);
        if build.ran() {
            ran.entry(trigger).or_default().push((*number, build.params.get("REF").cloned().unwrap_or_default()));
        }
    }
    for trigger in all.keys().filter(|trigger| !told.comments.contains_key(trigger)) {
        tally.wrong.push(format!("a build for comment {trigger}, which nobody wrote"));
    }
    for (id, asked) in &told.comments {
        let ran = ran.get(id).map_or(&[][..], Vec::as_slice);
        // A comment that joined a run that is taken back later repeats the run of that comment.
        let here = || runs.iter().filter(|(other, _)| told.comments.get(other).is_some_and(|it| it.pull == asked.pull));
        let first_by_server = here().any(|(other, it)| other <= id && it.first_by_server > 0);
        let runs = runs.get(id).copied().unwrap_or_default();
        if runs.second > 1 || runs.second > 0 && !first_by_server {
            tally.wrong.push(format!("comment {id} was run again by itself: {runs:?}"));
        }
        let due = match due(world, told, *id, asked, &all) {
            // The server ended both runs; or an older ledger takes a lost build for a cancelled one.
            Due::One if runs.second_by_server > 0 || runs.lost > 0 && told.restored => Due::AtMostOne,
            due => due,
        };
        match (due, ran.len()) {
            (_, 2..) => tally.doubled.push(format!("comment {id} has the builds {ran:?} that ran to their end")),
            (Due::One, 0) => {
                let became = world.bridge().ledger.trigger(*id).unwrap().map(|trigger| trigger.state);
                tally.lost.push(format!("comment {id} ({}: {:?}) has no build: {became:?}", asked.by, asked.body));
            }
            (Due::None, 1) => tally.wrong.push(format!("comment {id} ({}: {:?}) has a build", asked.by, asked.body)),
            _ => {}
        }
        if due == Due::None && all.contains_key(id) {
            tally.wrong.push(format!("comment {id} ({}: {:?}) had a build", asked.by, asked.body));
        }
    }
    comments(world, told, &mut tally);
    triggers(world, told, &mut tally);
    tally
}

fn due(world: &World, told: &Told, id: i64, asked: &Asked, all: &BTreeMap<i64, Vec<i64>>) -> Due {
    let Wish::Test { quick } = wish(asked.body) else { return Due::None };
    if asked.by == "sam" {
        // An edit by another user before the decision does not change the author: still the stranger.
        return Due::None;
    }
    if asked.touched || told.closed.contains(&asked.pull) || was_pushed_after(world, id, asked) {
        return Due::AtMostOne;
    }
    let others = || told.comments.iter().filter(|(_, other)| other.pull == asked.pull && other.by != "sam");
    if others().any(|(other, it)| *other > id && wish(it.body) == Wish::Cancel) {
        return Due::AtMostOne;
    }
    // A build of the same head and mode may stand for both: then it is one that was asked for before.
    let became = world.bridge().ledger.trigger(id).unwrap().map(|trigger| trigger.state);
    let Some(State::Joined { joined_trigger: joined }) = became else { return Due::One };
    let stands = others().any(|(other, it)| *other == joined && *other < id && wish(it.body) == Wish::Test { quick });
    if stands && all.contains_key(&joined) { Due::AtMostOne } else { Due::One }
}

/// True if the head moved after a comment, or Gitea noted an earlier push after it.
fn was_pushed_after(world: &World, id: i64, asked: &Asked) -> bool {
    let network = world.network();
    let pull = &network.gitea.pulls[&crate::story::id(&asked.pull)];
    pull.head != asked.head || pull.pushes.iter().any(|push| push.id > id)
}

fn comments(world: &World, told: &Told, tally: &mut Tally) {
    for pull in &told.pulls {
        let said = world.said(pull);
        // An older ledger that never hears of a comment that is gone has no reason to look.
        let unheard = told.restored && told.comments.values().any(|asked| asked.pull == *pull && asked.touched);
        if said.len() > 1 && !unheard {
            tally.wrong.push(format!("{pull} has {} comments of ours", said.len()));
        }
        let triggers = world.triggers(pull);
        let newest = triggers.iter().find(|trigger| trigger.state.kind() == StateKind::Reported);
        let Some(build) = newest.and_then(|trigger| trigger.state.build()) else { continue };
        if said.is_empty() {
            tally.wrong.push(format!("{pull} says nothing of build {}", build.number));
        }
    }
}

fn triggers(world: &World, told: &Told, tally: &mut Tally) {
    for pull in &told.pulls {
        for trigger in world.triggers(pull) {
            let kind = trigger.state.kind();
            if !kind.is_end() || kind == StateKind::Failed {
                tally.wrong.push(format!("trigger {} is {:?} in the end", trigger.comment, trigger.state));
            }
        }
    }
}
