//! Who is told of every request, to count them in one place.

use std::fmt;

use reqwest::StatusCode;

use super::error::{Error, Service};

/// Is told of every request that was made, each attempt by itself.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A request was answered with this status, or why it was not.
    fn asked(&self, service: Service, settled: Result<StatusCode, &Error>);
}
