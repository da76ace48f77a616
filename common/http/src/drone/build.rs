//! What Drone answers, as far as it matters here.

use std::collections::BTreeMap;

use crate::{Answer, Error};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde::{Deserialize, Deserializer};

/// Reads a Date header. A wrong weekday harms nobody.
static DATE: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);

/// A page of the list of builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its builds, newest first.
    pub builds: Vec<Build>,
    /// When it was answered, by Drone's clock.
    pub time: Option<Timestamp>,
}

/// A build.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Build {
    /// Its number: the run's id.
    pub number: i64,
    /// What Drone says of it.
    pub status: Status,
    /// When it was made, in seconds.
    pub created: i64,
    /// When it began to run, in seconds; 0 before.
    #[serde(default)]
    pub started: i64,
    /// When it was over, in seconds; 0 before.
    #[serde(default)]
    pub finished: i64,
    /// What it was made with. Drone forgets it of a build whose `.drone.yml` is broken.
    #[serde(default, deserialize_with = "or_none")]
    pub params: BTreeMap<String, String>,
}

/// What Drone says of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It waits for a runner.
    Pending,
    /// It runs.
    Running,
    /// It passed.
    Success,
    /// It failed.
    Failure,
    /// It was cancelled.
    Killed,
    /// It could not be run.
    Error,
    /// Nothing of it was to be run.
    Skipped,
    /// Somebody did not let it run.
    Declined,
    /// Somebody is to let it run.
    Blocked,
    /// A word that is not known here, or one that builds do not have: not over, as far as anybody knows.
    Unknown,
}

impl Status {
    /// Whether nothing will come of it any more.
    pub fn is_over(self) -> bool {
        match self {
            Self::Success | Self::Failure | Self::Killed | Self::Error | Self::Skipped | Self::Declined => true,
            Self::Pending | Self::Running | Self::Blocked | Self::Unknown => false,
        }
    }

    /// Whether Drone does anything when it is asked to cancel such a build.
    pub fn can_be_cancelled(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }
}

impl From<&str> for Status {
    fn from(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "running" => Self::Running,
            "success" => Self::Success,
            "failure" => Self::Failure,
            "killed" => Self::Killed,
            "error" => Self::Error,
            "skipped" => Self::Skipped,
            "declined" => Self::Declined,
            "blocked" => Self::Blocked,
            _ => Self::Unknown,
        }
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(from)?.as_str()))
    }
}

impl Page {
    /// A page as it was answered.
    pub(super) fn of(answer: &Answer) -> Result<Self, Error> {
        // Never `null`: what says so is not the list, and must not pass for an empty one.
        let builds: Vec<Build> = answer.json()?;
        if let Some(odd) = builds.iter().find(|build| !build.is_sound()) {
            return Err(not_understood(answer, &format!("it lists a build {}", odd.number)));
        }
        let time = answer.header("date").and_then(|date| DATE.parse_timestamp(date).ok());
        Ok(Self { builds, time })
    }
}

impl Build {
    /// The comment it was made for.
    pub fn trigger(&self) -> Option<i64> {
        self.params.get("TRIGGER")?.parse().ok()
    }

    /// A build as it was asked for by its number.
    pub(super) fn of(answer: &Answer, number: i64) -> Result<Self, Error> {
        let build: Self = answer.json()?;
        if build.number == number {
            return Ok(build);
        }
        Err(not_understood(answer, &format!("it is of build {}", build.number)))
    }

    /// A build as it was made; none is `null`.
    pub(super) fn made(answer: &Answer) -> Result<Option<Self>, Error> {
        let build: Option<Self> = answer.json()?;
        match build {
            Some(build) if !build.is_sound() => {
                Err(not_understood(answer, &format!("it is of build {}", build.number)))
            }
            build => Ok(build),
        }
    }

    /// Drone counts builds, and seconds, from 1.
    fn is_sound(&self) -> bool {
        self.number > 0 && self.created > 0
    }
}

fn not_understood(answer: &Answer, why: &str) -> Error {
    Error::NotUnderstood { call: answer.call.clone(), why: why.to_owned() }
}

/// Go takes `null` for every empty thing.
fn or_none<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
