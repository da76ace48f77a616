//! The texts that the bridge publishes: the one comment of a pull request, and the statuses of its commits.
//!
//! Pure: the same facts make the same text, so a comparison tells if it is published already. All times are durations that
//! have ended. All foreign text is escaped by [`markdown`](super::markdown).

mod amount;
mod earlier;
mod evidence;
mod marker;
mod notice;
mod run;
mod shown_state;
mod status;
mod subject;

use std::collections::BTreeMap;

use super::settings::Settings;
use super::trigger::Trigger;
use http::names::Pull;
use results::Results;

pub use marker::Marker;
pub use shown_state::ShownState;
pub use status::statuses;
pub use subject::{MOST, Subject};

/// The greatest length of a comment, in characters.
const LONGEST: usize = 6_000;
/// The greatest number of lines of a comment: one screen.
const TALLEST: usize = 40;

/// The facts that a comment is made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The settings of the service.
    pub settings: &'a Settings,
    /// The pull request.
    pub pull: &'a Pull,
    /// The newest triggers of the pull request, newest first.
    pub triggers: &'a [Trigger],
    /// The results of the runs, by build number.
    pub results: &'a BTreeMap<i64, Results>,
    /// The pull request's present head, if it is known.
    pub head: Option<&'a str>,
}

/// The text of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentText {
    /// The text in Markdown, with the hidden marker.
    pub body: String,
    /// The topic of the text: a change of topic is published without delay.
    pub topic: String,
}

/// The rank of a part: if the comment is too long, the highest rank is left out first.
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

/// Returns the comment of a pull request; `None` if there is nothing to publish.
pub fn comment(facts: Facts<'_>) -> Option<CommentText> {
    let subject = Subject::of(facts.triggers);
    let (newest, shown) = match (subject.run, subject.notice) {
        (None, None) => return None,
        (run, notice) => (notice.map(|notice| notice.of).or(run)?, run.map(|run| shown_state::of(&facts, run))),
    };
    let mut parts: Vec<(Rank, String)> = Vec::new();
    if let (Some(run), Some(shown)) = (subject.run, shown) {
        run::add_parts(&facts, run, shown, subject.joined, &mut parts);
    }
    if let Some(notice) = subject.notice {
        parts.push((Rank::Notice, notice::text_of(&facts, notice)));
    }
    if let Some(earlier) = earlier::line(&facts, &subject.others) {
        parts.push((Rank::Earlier, earlier));
    }
    let marker = Marker { pull: facts.pull.clone(), trigger: newest.comment }.to_string();
    let run = subject.run.zip(shown).map(|(run, shown)| format!("{}:{}", run.comment, shown.name()));
    let notice = subject.notice.map(|notice| format!("{}:{}", notice.of.comment, notice.kind.name()));
    let joined = subject.joined.map(|joined| format!("{}:joined", joined.comment));
    let topic = [run, notice, joined].into_iter().flatten().collect::<Vec<_>>().join("+");
    Some(CommentText { body: fitted(parts, &marker), topic })
}

/// Joins as many parts as fit on a screen.
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
