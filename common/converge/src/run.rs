//! The loop of a converger: observe, plan, apply or wait, and again, until nothing is left to do.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::{Instant as Deadline, sleep};

use super::record::Record;
use super::report::Outcome;
use super::{Change, Converger};
use base::backoff::Backoff;
use base::error::{Class, Explain, Explained};
use base::plan::{Plan, Sequence};

/// The pause between two observations during a wait: the first and the longest.
const OBSERVE_PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// The end of a run.
#[derive(Debug)]
pub struct Ended {
    /// The outcome.
    pub outcome: Outcome,
    /// The error.
    pub error: Option<Explained>,
}

impl Ended {
    fn failed(error: Explained) -> Self {
        Self { outcome: Outcome::Failed, error: Some(error) }
    }
}

/// A run that ended without reaching the desired state, though no call failed.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error("the changes were made, but the same ones are needed again: {what}")]
    NoProgress { what: String },
    #[error("still not done after {rounds} rounds of changes; left: {what}")]
    TooManyRounds { rounds: u32, what: String },
    #[error("waited {} s for {for_what}; seen: {seen}", waited.as_secs())]
    WaitedTooLong { for_what: String, seen: String, waited: Duration, hint: Option<String> },
}

impl Explain for Stuck {
    fn class(&self) -> Class {
        Class::Failed
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoProgress { .. } | Self::TooManyRounds { .. } => {
                Some("something else on this host may be undoing these changes; `journalctl` shows each of them".into())
            }
            Self::WaitedTooLong { hint, .. } => hint.clone(),
        }
    }
}

/// Brings the host to the state `converger` was connected with.
pub async fn run<C: Converger>(converger: &C, backoff: Backoff, record: &mut Record) -> Ended {
    let limits = C::limits(converger.desired());
    let mut failed = Failed::default();
    let mut last_round = String::new();
    let mut waiting_since = Deadline::now();
    let mut pause = OBSERVE_PAUSE.0;
    let mut last_wait = String::new();
    loop {
        let observed = match backoff.retry(async || converger.observe().await).await {
            Ok(observed) => observed,
            Err(error) => return Ended::failed(failed.first_or(Explained::new(&error))),
        };
        let plan = C::plan(converger.desired(), &observed);
        record.observed(C::facts(converger.desired(), &observed), &plan);
        let sequences: Vec<_> = plan.sequences.iter().filter(|sequence| !failed.includes(&sequence.name)).collect();

        if !sequences.is_empty() {
            let this_round = fingerprint(&sequences);
            if this_round == last_round {
                let what = in_words(&sequences);
                return Ended::failed(failed.first_or(Explained::new(&Stuck::NoProgress { what })));
            }
            if record.report().rounds >= C::ROUNDS {
                let what = in_words(&sequences);
                return Ended::failed(
                    failed.first_or(Explained::new(&Stuck::TooManyRounds { rounds: C::ROUNDS, what })),
                );
            }
            last_round = this_round;
            record.round();
            for sequence in sequences {
                if apply(converger, backoff, sequence, record, &mut failed).await == Applied::Conflict {
                    // The same change may be needed again after the next observation.
                    last_round.clear();
                }
            }
            waiting_since = Deadline::now();
            pause = OBSERVE_PAUSE.0;
            last_wait.clear();
            continue;
        }

        if failed.error.is_none()
            && let Some(wait) = plan.waits.first()
        {
            if waiting_since.elapsed() >= limits.wait() {
                return Ended::failed(Explained::new(&Stuck::WaitedTooLong {
                    for_what: wait.for_what.clone(),
                    seen: wait.seen.clone(),
                    hint: wait.hint.clone(),
                    waited: limits.wait(),
                }));
            }
            record.waiting(&mut last_wait);
            sleep(pause).await;
            pause = (pause * 2).min(OBSERVE_PAUSE.1);
            continue;
        }

        return ended(&plan, failed.error, record.has_changes());
    }
}

/// The end of a sequence.
#[derive(PartialEq, Eq)]
enum Applied {
    ToTheEnd,
    UpToAFailure,
    Conflict,
}

/// Makes the changes of one sequence, up to the first that fails.
async fn apply<C: Converger>(
    converger: &C,
    backoff: Backoff,
    sequence: &Sequence<C::Change>,
    record: &mut Record,
    failed: &mut Failed,
) -> Applied {
    for change in &sequence.changes {
        record.change_begins(&sequence.name, change.to_string(), change.object());
        let began = Instant::now();
        let result = backoff.retry(async || change.apply(converger).await).await;
        match result {
            Ok(()) => record.change_ends(began.elapsed(), None),
            // Another writer was faster; the next round observes its change and plans anew.
            Err(error) if error.class() == Class::Conflict => {
                record.change_ends(began.elapsed(), Some(&error));
                return Applied::Conflict;
            }
            Err(error) => {
                record.change_ends(began.elapsed(), Some(&error));
                failed.add(&sequence.name, Explained::new(&error));
                return Applied::UpToAFailure;
            }
        }
    }
    Applied::ToTheEnd
}

fn ended<T>(plan: &Plan<T>, error: Option<Explained>, changed: bool) -> Ended {
    let outcome = if error.is_some() {
        Outcome::Failed
    } else if !plan.blocks.is_empty() {
        Outcome::Blocked
    } else if !plan.drift.is_empty() {
        Outcome::Drifted
    } else if changed {
        Outcome::Changed
    } else {
        Outcome::Unchanged
    };
    Ended { outcome, error }
}

/// The sequences that failed in this run, and the first reason.
#[derive(Debug, Default)]
struct Failed {
    sequences: Vec<String>,
    error: Option<Explained>,
}

impl Failed {
    fn add(&mut self, sequence: &str, error: Explained) {
        self.sequences.push(sequence.into());
        self.error.get_or_insert(error);
    }

    fn includes(&self, sequence: &str) -> bool {
        self.sequences.iter().any(|name| name == sequence)
    }

    fn first_or(self, error: Explained) -> Explained {
        self.error.unwrap_or(error)
    }
}

fn fingerprint<T: Serialize>(sequences: &[&Sequence<T>]) -> String {
    serde_json::to_string(sequences).unwrap_or_default()
}

fn in_words<T: std::fmt::Display>(sequences: &[&Sequence<T>]) -> String {
    let changes = sequences.iter().flat_map(|sequence| &sequence.changes);
    changes.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
