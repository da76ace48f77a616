//! The counters. Every HTTP client gets them as its [`Observer`], so each request is counted where it is sent.

mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Error, Observer, Service};
use reqwest::StatusCode;

use crate::problem::GiteaProblem;
pub use text::Gauges;

/// Upper bounds of the buckets of the build latency, in milliseconds.
const BUCKETS: [u64; 13] =
    [250, 500, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000, 30_000, 300_000, 3_600_000];

/// Counters since the start of the process.
#[derive(Debug, Default)]
pub struct Metrics {
    polls: [AtomicU64; 2],
    requests: [[AtomicU64; RequestResult::ALL.len()]; 2],
    waited: AtomicU64,
    built: [AtomicU64; BUCKETS.len() + 1],
    built_after: AtomicU64,
    deliveries: [AtomicU64; DeliveryResult::ALL.len()],
    comments: AtomicU64,
    failures: [[AtomicU64; GiteaProblem::NAMES.len()]; Task::ALL.len()],
}

/// A task that calls Gitea.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Finds comments.
    Poll,
    /// Decides on comments.
    Decide,
    /// Publishes.
    Report,
}

impl Task {
    const ALL: [Self; 3] = [Self::Poll, Self::Decide, Self::Report];

    fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Decide => "decide",
            Self::Report => "report",
        }
    }
}

/// The result of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestResult {
    /// 2xx.
    Ok,
    /// 3xx.
    Redirected,
    /// 401, 403.
    Refused,
    /// 404; often an expected answer.
    NotFound,
    /// 429.
    RateLimited,
    /// Any other 4xx.
    ClientError,
    /// 5xx.
    ServerError,
    /// No connection.
    Unreachable,
    /// No answer before the deadline.
    Timeout,
    /// An answer that is cut off, too large or not readable.
    InvalidResponse,
}

/// The result of a webhook delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryResult {
    /// A new comment was written to the ledger.
    Accepted,
    /// The ledger had the comment already.
    Duplicate,
    /// The event is not a command on a watched pull request.
    Ignored,
    /// There is no signature.
    MissingSignature,
    /// The signature does not match.
    InvalidSignature,
    /// The request is too large, too slow or malformed.
    Unreadable,
    /// The sender exceeds the rate limit.
    RateLimited,
    /// The ledger could not be written.
    Failed,
}

impl RequestResult {
    const ALL: [Self; 10] = [
        Self::Ok,
        Self::Redirected,
        Self::Refused,
        Self::NotFound,
        Self::RateLimited,
        Self::ClientError,
        Self::ServerError,
        Self::Unreachable,
        Self::Timeout,
        Self::InvalidResponse,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Redirected => "redirected",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::ClientError => "client_error",
            Self::ServerError => "server_error",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::InvalidResponse => "invalid_response",
        }
    }

    fn of(settled: Result<StatusCode, &Error>) -> Self {
        match settled.map(|status| status.as_u16()) {
            Ok(300..=399) => Self::Redirected,
            Ok(401 | 403) => Self::Refused,
            Ok(404) => Self::NotFound,
            Ok(429) => Self::RateLimited,
            Ok(400..=499) => Self::ClientError,
            Ok(500..) => Self::ServerError,
            Ok(_) => Self::Ok,
            Err(Error::Deadline { .. }) => Self::Timeout,
            Err(Error::Unreachable { .. } | Error::Tls { .. }) => Self::Unreachable,
            Err(_) => Self::InvalidResponse,
        }
    }
}

impl DeliveryResult {
    const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Duplicate,
        Self::Ignored,
        Self::MissingSignature,
        Self::InvalidSignature,
        Self::Unreadable,
        Self::RateLimited,
        Self::Failed,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::MissingSignature => "missing_signature",
            Self::InvalidSignature => "invalid_signature",
            Self::Unreadable => "unreadable",
            Self::RateLimited => "rate_limited",
            Self::Failed => "failed",
        }
    }
}

impl Metrics {
    /// Counts a poll of a source.
    pub fn poll(&self, is_complete: bool) {
        count(&self.polls[usize::from(!is_complete)]);
    }

    /// Adds time to wait that a server asked for.
    pub fn waited(&self, time: Duration) {
        add(&self.waited, time);
    }

    /// Counts a build, with the time since its comment was written.
    pub fn built(&self, after: Duration) {
        let bucket = BUCKETS.iter().position(|most| after.as_millis() <= u128::from(*most)).unwrap_or(BUCKETS.len());
        count(&self.built[bucket]);
        add(&self.built_after, after);
    }

    /// Counts a comment that was written or edited.
    pub fn comment(&self) {
        count(&self.comments);
    }

    /// Counts a failure of Gitea that holds up a comment or a pull request.
    pub fn failure(&self, task: Task, problem: GiteaProblem) {
        let name = problem.name();
        if let Some(at) = GiteaProblem::NAMES.iter().position(|other| *other == name) {
            count(&self.failures[task as usize][at]);
        }
    }

    /// Counts a webhook delivery.
    pub fn delivery(&self, result: DeliveryResult) {
        count(&self.deliveries[result as usize]);
    }
}

impl Observer for Metrics {
    fn asked(&self, service: Service, settled: Result<StatusCode, &Error>) {
        let of = match service {
            Service::Gitea => 0,
            Service::Drone => 1,
            Service::Own(_) => return,
        };
        count(&self.requests[of][RequestResult::of(settled) as usize]);
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Adds a time; the counter holds microseconds.
fn add(counter: &AtomicU64, time: Duration) {
    counter.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 2), Ordering::Relaxed);
}
