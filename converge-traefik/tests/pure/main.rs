//! Tests without Docker: plans of the case folders, properties over generated states, wrong configurations, certificates.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad_input;
mod certificate;
mod pairs;
mod plan;
mod properties;
