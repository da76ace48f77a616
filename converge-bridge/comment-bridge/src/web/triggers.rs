//! `GET /api/triggers?limit=100`: the newest triggers, for the dashboard.
//!
//! ```json
//! {"schema": 1, "version": "0.1.0", "now": "2026-11-21T12:00:00Z",
//!  "problems": {"poll org:recipes": "Gitea cannot be reached (…)"}, "notes": {},
//!  "counts": {"reported": 12, "building": 1},
//!  "triggers": [{"comment": 4711, "repository": "recipes/hello", "pull": 7, "author": "mara",
//!    "command": "test", "quick": false, "created": "…", "state": "building", "changed": "…", "trouble": null,
//!    "head": "0a1b…", "build": {"number": 31, "before": null, "started": "…", "finished": null},
//!    "outcome": null, "because": null, "with": null}]}
//! ```
//!
//! `state` is one of `seen refused forgotten answered joined authorised cancelling cancelled building ended reported
//! failed`. `build.before` is how many builds are before one that waits; `outcome` how it ended (`passed failed cancelled
//! error deleted`); `because` why one was refused (`stranger closed archived too_old`) or failed; `with` whose build was
//! joined. Readers ignore unknown keys.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::error::chain;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Web;
use crate::trigger::{Command, Outcome, Progress, Refusal, State as Became, Trigger};

const USUAL: usize = 100;
const MOST: usize = 1000;

/// What may be asked.
#[derive(Debug, Deserialize)]
pub struct Asked {
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Shown {
    schema: u32,
    version: &'static str,
    now: Timestamp,
    problems: BTreeMap<String, String>,
    notes: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, i64>,
    triggers: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    comment: i64,
    repository: String,
    pull: i64,
    author: String,
    command: &'static str,
    quick: bool,
    created: Timestamp,
    state: &'static str,
    changed: Timestamp,
    trouble: Option<String>,
    head: Option<String>,
    build: Option<Build>,
    outcome: Option<Outcome>,
    because: Option<Because>,
    with: Option<i64>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Because {
    Refused(Refusal),
    Failed(String),
}

#[derive(Serialize)]
struct Build {
    number: i64,
    before: Option<u32>,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
}

impl From<Trigger> for Row {
    fn from(trigger: Trigger) -> Self {
        let (command, quick) = match trigger.command {
            Command::Test { quick } => ("test", quick),
            Command::Cancel => ("cancel", false),
            Command::Help => ("help", false),
            Command::Unknown => ("unknown", false),
        };
        let build = trigger.state.build().map(|build| Build {
            number: build.number,
            before: match build.progress {
                Progress::Queued { before } => Some(before),
                Progress::Running | Progress::Over => None,
            },
            started: build.started,
            finished: build.finished,
        });
        let (mut outcome, mut because, mut with) = (None, None, None);
        match &trigger.state {
            Became::Ended { outcome: how, .. } | Became::Reported { outcome: how, .. } => outcome = Some(*how),
            Became::Refused { because: why } => because = Some(Because::Refused(*why)),
            Became::Failed { why, .. } => because = Some(Because::Failed(why.clone())),
            Became::Joined { with: other } => with = Some(*other),
            _ => {}
        }
        Self {
            comment: trigger.comment,
            repository: trigger.pull.repository.to_string(),
            pull: trigger.pull.number,
            author: trigger.author,
            command,
            quick,
            created: trigger.created,
            state: trigger.state.kind().name(),
            changed: trigger.changed,
            trouble: trigger.trouble,
            head: trigger.state.order().map(|order| order.head.clone()),
            build,
            outcome,
            because,
            with,
        }
    }
}

/// Answers.
pub async fn answer(
    State(web): State<Web>,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let limit = asked.map(|Query(asked)| asked.limit.unwrap_or(USUAL));
    let Some(limit) = limit.ok().filter(|limit| (1..=MOST).contains(limit)) else {
        return (StatusCode::BAD_REQUEST, format!("limit is a number from 1 to {MOST}\n")).into_response();
    };
    let bridge = &web.bridge;
    let read = bridge.ledger.newest(limit).and_then(|newest| Ok((newest, bridge.ledger.counts()?)));
    let (newest, counts) = match read {
        Ok(read) => read,
        Err(error) => {
            tracing::warn!("cannot list the triggers: {}", chain(&error));
            return (StatusCode::SERVICE_UNAVAILABLE, "the ledger cannot be read\n").into_response();
        }
    };
    Json(Shown {
        schema: 1,
        version: env!("CARGO_PKG_VERSION"),
        now: bridge.clock.now(),
        problems: bridge.status.problems(),
        notes: bridge.status.notes(),
        counts: counts.into_iter().map(|(kind, count)| (kind.name(), count)).collect(),
        triggers: newest.into_iter().map(Row::from).collect(),
    })
    .into_response()
}
