//! What stands between a client and the network, so that tests can put a world of their own there.

use std::fmt;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderMap;
use reqwest::{Request, StatusCode};

/// Carries a request to a server and its answer back.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Carries one. A future that never ends is an answer that never comes: the caller has a deadline.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<RawResponse, TransportError>>;
}

/// An answer as it comes from the wire.
#[derive(Debug, Clone)]
pub struct RawResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// The reason why there is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it broke before an answer; whether the server saw the request is not known.
    #[error("connection lost")]
    Connection,
    /// The answer broke off.
    #[error("the connection broke within the answer")]
    Body,
}
