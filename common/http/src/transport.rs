//! The transport below a client. Tests replace the network by their own.

use std::fmt;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderMap;
use reqwest::{Request, StatusCode};

/// Sends requests and returns responses.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends a request. The future may never end: the caller has a deadline.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<RawResponse, TransportError>>;
}

/// A response before it is judged.
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
    /// No connection, or it broke before a response. The server may have seen the request.
    #[error("connection lost")]
    Connection,
    /// The connection broke within the response.
    #[error("the connection broke within the answer")]
    Body,
}
