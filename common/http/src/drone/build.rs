//! Drone's answers on builds.

use std::collections::BTreeMap;

use super::Status;
use crate::{Answer, Error, entries};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Reads a Date header; a wrong weekday is accepted.
static DATE: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);

/// A page of the list of builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The builds, newest first.
    pub builds: Vec<Build>,
    /// The builds that cannot be understood.
    pub left_out: Vec<OddBuild>,
    /// The time of the answer, by Drone's clock.
    pub time: Option<Timestamp>,
}

/// A build that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddBuild {
    /// The id of the comment that triggered it, if that can be read.
    pub trigger: Option<i64>,
    /// The build, and the reason why it was left out.
    pub why: String,
}

/// A build.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Build {
    /// The number: the run's id.
    pub number: i64,
    /// The status.
    pub status: Status,
    /// The creation, in seconds since 1970.
    pub created: i64,
    /// The start, in seconds since 1970; 0 before.
    #[serde(default)]
    pub started: i64,
    /// The end, in seconds since 1970; 0 before.
    #[serde(default)]
    pub finished: i64,
    /// The parameters. Drone drops those of a build whose `.drone.yml` is broken.
    #[serde(default, deserialize_with = "crate::entries::or_empty")]
    pub params: BTreeMap<String, String>,
}

impl Page {
    /// Reads a page.
    pub(super) fn of(answer: &Answer) -> Result<Self, Error> {
        // `null` is not the list and must not pass for an empty one.
        let sound = |build: Build| {
            if build.is_sound() { Ok(build) } else { Err("Drone counts builds and seconds from 1".to_owned()) }
        };
        let time = answer.header("date").and_then(|date| DATE.parse_timestamp(date).ok());
        let mut page = Self { builds: Vec::new(), left_out: Vec::new(), time };
        for raw in answer.json_ref::<Vec<&RawValue>>()? {
            match entries::entry(raw, sound) {
                Ok(build) => page.builds.push(build),
                Err(why) => page.left_out.push(OddBuild { trigger: trigger(raw), why }),
            }
        }
        // A list without a single build is another server's.
        match page.left_out.first() {
            Some(odd) if page.builds.is_empty() => Err(not_understood(answer, &odd.why)),
            _ => Ok(page),
        }
    }
}

/// The parameter with the id of the comment that triggered a build.
const TRIGGER: &str = "TRIGGER";

/// The comment of a build, whatever its other fields are.
fn trigger(raw: &RawValue) -> Option<i64> {
    let build: serde_json::Value = serde_json::from_str(raw.get()).ok()?;
    build.get("params")?.get(TRIGGER)?.as_str()?.parse().ok()
}

impl Build {
    /// The id of the comment that triggered it.
    pub fn trigger(&self) -> Option<i64> {
        self.params.get(TRIGGER)?.parse().ok()
    }

    /// Reads the build with this number.
    pub(super) fn of(answer: &Answer, number: i64) -> Result<Self, Error> {
        let build: Self = answer.json()?;
        if build.number == number {
            return Ok(build);
        }
        Err(not_understood(answer, &format!("it is of build {}", build.number)))
    }

    /// Reads a created build; `null` means none.
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
