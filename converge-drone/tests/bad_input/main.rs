//! Wrong configurations of both programs: each is refused with exit 2, one clear sentence and a hint, and touches nothing.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::needless_raw_string_hashes, reason = "a table reads better when its rows look alike")]

mod converger;
mod runner;
