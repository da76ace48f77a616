//! Deploys `comment-bridge`, the service that turns a maintainer's `!testme` into one build and one comment.
//!
//! - [`server`]: what `comment-bridge` does.

pub mod server;
