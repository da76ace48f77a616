//! Every word the bridge says: the one comment of a pull request, and the status of its commits.
//!
//! Pure: the same facts make the same words, so that what is said already is known by comparing. Where it names times,
//! it names durations that are over. Text of others goes through [`markdown`](super::markdown), all of it.

mod amount;
mod earlier;
mod evidence;
mod marker;
mod notice;
mod run;
mod stage;
mod status;
mod subject;

use std::collections::BTreeMap;

use super::settings::Settings;
use super::trigger::Trigger;
use http::names::Pull;
use results::Results;

pub use marker::Marker;
pub use stage::Stage;
pub use status::{CONTEXT, statuses};
pub use subject::{MOST, Subject};

/// How long a comment may be, in characters.
const LONGEST: usize = 6_000;
/// How many lines it may have: a screen.
const TALLEST: usize = 40;

/// What a comment is made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What the bridge was told.
    pub settings: &'a Settings,
    /// The pull request.
    pub pull: &'a Pull,
    /// Its newest triggers, newest first.
    pub triggers: &'a [Trigger],
    /// What runs left, by the number of their builds.
    pub results: &'a BTreeMap<i64, Results>,
    /// The pull request's head at present, where it is known.
    pub head: Option<&'a str>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// What it says, in Markdown, with the marker it is found again by.
    pub body: String,
    /// What kind of thing it says: when that changes, it is news.
    pub news: String,
}

/// A part of a comment; when there is no room, the highest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Never left out.
    State,
    Remark,
    Notice,
    Table,
    Earlier,
    Evidence,
}

/// The one comment of a pull request, where there is anything to say.
pub fn comment(facts: Facts<'_>) -> Option<Comment> {
    let subject = Subject::of(facts.triggers);
    let (newest, stage) = match (subject.run, subject.notice) {
        (None, None) => return None,
        (run, notice) => (notice.map(|notice| notice.of).or(run)?, run.map(|run| stage::of(&facts, run))),
    };
    let mut parts: Vec<(Rank, String)> = Vec::new();
    if let (Some(run), Some(stage)) = (subject.run, stage) {
        run::say(&facts, run, stage, subject.joined, &mut parts);
    }
    if let Some(notice) = subject.notice {
        parts.push((Rank::Notice, notice::say(&facts, notice)));
    }
    if let Some(earlier) = earlier::say(&facts, &subject.others) {
        parts.push((Rank::Earlier, earlier));
    }
    let marker = Marker { pull: facts.pull.clone(), trigger: newest.comment }.to_string();
    let run = subject.run.zip(stage).map(|(run, stage)| format!("{}:{}", run.comment, stage.name()));
    let notice = subject.notice.map(|notice| format!("{}:{}", notice.of.comment, notice.kind.name()));
    let joined = subject.joined.map(|joined| format!("{}:joined", joined.comment));
    let news = [run, notice, joined].into_iter().flatten().collect::<Vec<_>>().join("+");
    Some(Comment { body: fitted(parts, &marker), news })
}

/// As much of it as has room on a screen.
fn fitted(mut parts: Vec<(Rank, String)>, marker: &str) -> String {
    loop {
        let mut body = String::new();
        for (_, part) in &parts {
            body.push_str(part);
            body.push_str("\n\n");
        }
        body.push_str(marker);
        let least = parts.iter().map(|(rank, _)| *rank).max();
        match least {
            Some(least)
                if least > Rank::State && (body.chars().count() > LONGEST || body.lines().count() > TALLEST) =>
            {
                parts.retain(|(rank, _)| *rank != least);
            }
            _ => return body,
        }
    }
}

#[cfg(test)]
mod tests;
