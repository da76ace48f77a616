//! Faults of calls to Docker.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Victim;

/// The kind of garbage in place of Docker's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Garbage {
    /// An answer whose body is not JSON.
    Json,
    /// JSON of an unexpected shape.
    Shape,
    /// Bytes that are not HTTP.
    Http,
    /// A head, and half of the body that it announces.
    Half,
}

/// A fault. `nth` counts mutating calls from one, since the fault was set.
#[derive(Clone)]
pub enum Fault {
    /// The action is called once the daemon has answered the nth mutating call; the answer is lost.
    ActAfter {
        /// The number of the mutating call.
        nth: usize,
        /// The action, usually a kill: [`Fault::kill_after`].
        action: Arc<dyn Fn() + Send + Sync>,
    },
    /// Every answer comes this much later.
    Delay(Duration),
    /// Every call is answered with garbage and does not reach the daemon.
    Garbage(Garbage),
    /// Every call is refused with this status and message and does not reach the daemon.
    Refuse(u16, String),
    /// No call is answered or reaches the daemon.
    Hang,
    /// The connection is closed before the nth mutating call reaches the daemon.
    CloseBefore {
        /// The number of the mutating call.
        nth: usize,
    },
    /// The connection is closed after the daemon has answered the nth mutating call; the answer is lost.
    CloseAfter {
        /// The number of the mutating call.
        nth: usize,
    },
}

impl Fault {
    /// SIGKILL to a process after the effect of the nth mutating call, before its answer.
    pub fn kill_after(nth: usize, victim: &Victim) -> Self {
        let victim = victim.clone();
        Self::ActAfter { nth, action: Arc::new(move || victim.kill()) }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ActAfter { nth, .. } => write!(f, "ActAfter({nth})"),
            Self::Delay(delay) => write!(f, "Delay({delay:?})"),
            Self::Garbage(garbage) => write!(f, "Garbage({garbage:?})"),
            Self::Refuse(status, message) => write!(f, "Refuse({status}, {message:?})"),
            Self::Hang => write!(f, "Hang"),
            Self::CloseBefore { nth } => write!(f, "CloseBefore({nth})"),
            Self::CloseAfter { nth } => write!(f, "CloseAfter({nth})"),
        }
    }
}

impl Garbage {
    pub(crate) fn bytes(self) -> Vec<u8> {
        let body = match self {
            Self::Json | Self::Half => "{\"ID\": \u{fffd}, garbage",
            Self::Shape => "[[null, 7], \"garbage\"]",
            Self::Http => return b"\x00\x16\xffgarbage garbage garbage\r\n\r\n".to_vec(),
        };
        let length = if self == Self::Half { body.len() * 2 } else { body.len() };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
        format!("{head}Connection: close\r\n\r\n{body}").into_bytes()
    }
}

/// An answer that refuses a call in Docker's form.
pub(crate) fn refusal(status: u16, message: &str) -> Vec<u8> {
    let body = serde_json::json!({ "message": message }).to_string();
    let head = format!("HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    format!("{head}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}
