//! The transport of an HTTP client that leads to the doubles.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use http::{RawResponse, Transport, TransportError};
use tokio::time::sleep;

use crate::drone::RETRIES;
use crate::fault::Fault;
use crate::network::{Shared, lock};
use crate::{Reply, Request, Server};

/// One run of the program under test, which a fault can kill.
#[derive(Debug, Default)]
pub struct Caller {
    is_dead: AtomicBool,
}

impl Caller {
    /// True once it was killed.
    pub fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Relaxed)
    }

    /// Kills it: no answer reaches it any more.
    pub fn kill(&self) {
        self.is_dead.store(true, Ordering::Relaxed);
    }
}

/// The transport of one caller.
pub struct Wire {
    /// The network it leads through.
    pub network: Shared,
    /// The caller.
    pub caller: Arc<Caller>,
}

impl Wire {
    /// The transport of a caller that no fault kills.
    pub fn of(network: &Shared) -> Self {
        Self { network: network.clone(), caller: Arc::default() }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Transport for Wire {
    fn send(&self, request: reqwest::Request) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        Box::pin(async move {
            let request = Request::of_client(&request);
            let carried = self.over(&request).await;
            if self.caller.is_dead() {
                return pending().await;
            }
            carried
        })
    }
}

impl Wire {
    async fn over(&self, request: &Request) -> Result<RawResponse, TransportError> {
        if self.caller.is_dead() {
            return pending().await;
        }
        let line = request.line();
        let (fault, (there, back)) = {
            let mut network = lock(&self.network);
            (network.fault(&line), network.ways())
        };
        sleep(there).await;
        match fault {
            Some(Fault::Refused) => {
                self.note(line, 0);
                return Err(TransportError::Connection);
            }
            Some(Fault::Hangs) => {
                self.note(line, 0);
                return pending().await;
            }
            Some(Fault::Late(seconds)) => {
                self.note(line, 0);
                lock(&self.network).serve_later(request, seconds);
                return pending().await;
            }
            Some(Fault::Says(status)) => {
                self.note(line, status);
                sleep(back).await;
                return Ok(self.put(refusal(status), request.server));
            }
            Some(Fault::SaysBody(status, body)) => {
                self.note(line, status);
                sleep(back).await;
                return Ok(self.put(bare(status, body), request.server));
            }
            Some(Fault::DiesBefore) => {
                self.note(line, 0);
                self.caller.kill();
                return pending().await;
            }
            _ => {}
        }
        if self.caller.is_dead() {
            return pending().await;
        }
        if request.server == Server::Drone && lock(&self.network).drone.retries(request) {
            sleep(RETRIES).await;
        }
        let mut reply = {
            let mut network = lock(&self.network);
            network.settle();
            let now = network.clocks.passed();
            network.serve(request, now)
        };
        self.note(line, reply.status);
        match fault {
            Some(Fault::DiesAfter) => {
                self.caller.kill();
                return pending().await;
            }
            Some(Fault::AnswerLost) => {
                sleep(back).await;
                return Err(TransportError::Connection);
            }
            Some(Fault::AnswerCut) => {
                sleep(back).await;
                return Err(TransportError::Body);
            }
            Some(Fault::DoesAndSays(status)) => reply = refusal(status),
            Some(Fault::DoesAndSaysBody(status, body)) => reply = bare(status, body),
            Some(Fault::DoesAndSaysNull) => reply.body = "null".into(),
            Some(Fault::DoesAndSaysHalf) => reply.body.truncate(reply.body.len() / 2),
            Some(Fault::DoesAndSaysPage) => reply = Reply::page(200, "Please wait"),
            _ => {}
        }
        sleep(back).await;
        Ok(self.put(reply, request.server))
    }

    fn note(&self, line: String, status: u16) {
        lock(&self.network).note(line, status);
    }

    fn put(&self, reply: Reply, server: Server) -> RawResponse {
        lock(&self.network).dated(reply, server).into_response()
    }
}

fn bare(status: u16, body: &str) -> Reply {
    Reply { body: body.to_owned(), ..Reply::empty(status) }
}

/// The reply of a server or a proxy that does nothing.
fn refusal(status: u16) -> Reply {
    match status {
        429 => Reply::page(429, "Too Many Requests").header("retry-after", "7"),
        502..=504 => Reply::page(status, "Bad Gateway"),
        _ => Reply::refusal(status, "made up"),
    }
}
