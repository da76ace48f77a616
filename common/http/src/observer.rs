//! The observer of all requests, for metrics.

use std::fmt;

use reqwest::StatusCode;

use super::error::{Error, Service};

/// Observes every request, each attempt by itself.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Called after a request with its status or its error.
    fn asked(&self, service: Service, settled: Result<StatusCode, &Error>);
}
