//! What goes wrong with a call, on purpose.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::proxy::locked;

/// What is answered instead of the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rubbish {
    /// A proper answer whose body is not JSON.
    Json,
    /// Proper JSON of a shape nobody expects.
    Shape,
    /// Not HTTP at all.
    Http,
    /// A proper head and half of the body it promises.
    Half,
}

/// What goes wrong. `nth` counts mutating calls from one, from when the fault was set.
#[derive(Clone)]
pub enum Fault {
    /// When the daemon has answered the nth mutating call, this is called and the answer is lost.
    KillAfter {
        /// Which mutating call.
        nth: usize,
        /// Kills somebody, usually; see [`Fault::kill_after`].
        action: Arc<dyn Fn() + Send + Sync>,
    },
    /// Every answer waits this long.
    Delay(Duration),
    /// Every call is answered with rubbish; the daemon never hears of it.
    Garbage(Rubbish),
    /// Every call is refused with this status and message; the daemon never hears of it.
    Refuse(u16, String),
    /// No call is ever answered; the daemon never hears of it.
    Hang,
    /// The connection is closed before the daemon hears of the nth mutating call.
    CloseBefore {
        /// Which mutating call.
        nth: usize,
    },
    /// The connection is closed after the daemon has answered the nth mutating call; the answer is lost.
    CloseAfter {
        /// Which mutating call.
        nth: usize,
    },
}

impl Fault {
    /// Kills this process (SIGKILL) after the effect of the nth mutating call and before it hears the answer. The slot
    /// is filled by the test once the process is started; an empty one kills nobody.
    pub fn kill_after(nth: usize, victim: &Arc<Mutex<Option<u32>>>) -> Self {
        let victim = Arc::clone(victim);
        let action = move || {
            let victim = locked(&victim).and_then(|pid| i32::try_from(pid).ok());
            if let Some(pid) = victim {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        };
        Self::KillAfter { nth, action: Arc::new(action) }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillAfter { nth, .. } => write!(f, "KillAfter({nth})"),
            Self::Delay(delay) => write!(f, "Delay({delay:?})"),
            Self::Garbage(rubbish) => write!(f, "Garbage({rubbish:?})"),
            Self::Refuse(status, message) => write!(f, "Refuse({status}, {message:?})"),
            Self::Hang => write!(f, "Hang"),
            Self::CloseBefore { nth } => write!(f, "CloseBefore({nth})"),
            Self::CloseAfter { nth } => write!(f, "CloseAfter({nth})"),
        }
    }
}

impl Rubbish {
    pub(crate) fn bytes(self) -> Vec<u8> {
        let body = match self {
            Self::Json | Self::Half => "{\"ID\": \u{fffd}, rubbish",
            Self::Shape => "[[null, 7], \"rubbish\"]",
            Self::Http => return b"\x00\x16\xffrubbish rubbish rubbish\r\n\r\n".to_vec(),
        };
        let length = if self == Self::Half { body.len() * 2 } else { body.len() };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
        format!("{head}Connection: close\r\n\r\n{body}").into_bytes()
    }
}

/// An answer that refuses a call the way Docker does.
pub(crate) fn refusal(status: u16, message: &str) -> Vec<u8> {
    let body = serde_json::json!({ "message": message }).to_string();
    let head = format!("HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    format!("{head}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}
