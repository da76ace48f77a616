//! What is counted. Requests count themselves: every client is made with this as its [`Observer`].

mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Error, Observer, Service};
use reqwest::StatusCode;

pub use text::{CONTENT_TYPE, Gauges};

/// The upper bounds, in milliseconds, of what is told apart between a comment and its build.
const BUCKETS: [u64; 13] =
    [250, 500, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000, 30_000, 300_000, 3_600_000];

/// What is counted, since this process began.
#[derive(Debug, Default)]
pub struct Metrics {
    polls: [AtomicU64; 2],
    requests: [[AtomicU64; Settled::ALL.len()]; 2],
    waited: AtomicU64,
    built: [AtomicU64; BUCKETS.len() + 1],
    built_after: AtomicU64,
    deliveries: [AtomicU64; Verdict::ALL.len()],
    comments: AtomicU64,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// 2xx.
    Ok,
    /// 3xx.
    Redirected,
    /// 401, 403.
    Refused,
    /// 404: often all that was to be known.
    NotFound,
    /// 429.
    Limited,
    /// Another 4xx.
    Rejected,
    /// 5xx.
    Failing,
    /// No connection.
    Unreachable,
    /// No answer in time.
    Late,
    /// An answer that is none: cut off, too large.
    Garbled,
}

/// What became of a webhook's delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It told of a comment that was not known.
    Taken,
    /// It told of one that was.
    Known,
    /// It told of nothing that is for us.
    Ignored,
    /// It has no signature.
    Unsigned,
    /// Its signature is another one.
    Forged,
    /// It is too large, too slow or no request.
    Unreadable,
    /// Its sender sends too many.
    Limited,
    /// It could not be written down.
    Failed,
}

impl Settled {
    const ALL: [Self; 10] = [
        Self::Ok,
        Self::Redirected,
        Self::Refused,
        Self::NotFound,
        Self::Limited,
        Self::Rejected,
        Self::Failing,
        Self::Unreachable,
        Self::Late,
        Self::Garbled,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Redirected => "redirected",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::Limited => "limited",
            Self::Rejected => "rejected",
            Self::Failing => "failing",
            Self::Unreachable => "unreachable",
            Self::Late => "late",
            Self::Garbled => "garbled",
        }
    }

    fn of(settled: Result<StatusCode, &Error>) -> Self {
        match settled.map(|status| status.as_u16()) {
            Ok(300..=399) => Self::Redirected,
            Ok(401 | 403) => Self::Refused,
            Ok(404) => Self::NotFound,
            Ok(429) => Self::Limited,
            Ok(400..=499) => Self::Rejected,
            Ok(500..) => Self::Failing,
            Ok(_) => Self::Ok,
            Err(Error::Deadline { .. }) => Self::Late,
            Err(Error::Unreachable { .. } | Error::Tls { .. }) => Self::Unreachable,
            Err(_) => Self::Garbled,
        }
    }
}

impl Verdict {
    const ALL: [Self; 8] = [
        Self::Taken,
        Self::Known,
        Self::Ignored,
        Self::Unsigned,
        Self::Forged,
        Self::Unreadable,
        Self::Limited,
        Self::Failed,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Known => "known",
            Self::Ignored => "ignored",
            Self::Unsigned => "unsigned",
            Self::Forged => "forged",
            Self::Unreadable => "unreadable",
            Self::Limited => "limited",
            Self::Failed => "failed",
        }
    }
}

impl Metrics {
    /// A source was read: whole, or not.
    pub fn poll(&self, whole: bool) {
        count(&self.polls[usize::from(!whole)]);
    }

    /// A server asked to be left alone for so long.
    pub fn waited(&self, time: Duration) {
        add(&self.waited, time);
    }

    /// A build was made so long after its comment was written.
    pub fn built(&self, after: Duration) {
        let bucket = BUCKETS.iter().position(|most| after.as_millis() <= u128::from(*most)).unwrap_or(BUCKETS.len());
        count(&self.built[bucket]);
        add(&self.built_after, after);
    }

    /// A comment was written or edited.
    pub fn comment(&self) {
        count(&self.comments);
    }

    /// A webhook's delivery came.
    pub fn delivery(&self, verdict: Verdict) {
        count(&self.deliveries[verdict as usize]);
    }
}

impl Observer for Metrics {
    fn asked(&self, service: Service, settled: Result<StatusCode, &Error>) {
        let of = match service {
            Service::Gitea => 0,
            Service::Drone => 1,
            Service::Own(_) => return,
        };
        count(&self.requests[of][Settled::of(settled) as usize]);
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Time is kept in microseconds.
fn add(counter: &AtomicU64, time: Duration) {
    counter.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 2), Ordering::Relaxed);
}
