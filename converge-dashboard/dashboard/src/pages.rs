//! HTML of a snapshot, one file a page. A page sees a snapshot and the clock, and no file.
//!
//! A page is a struct with what its template shows, in `templates/<page>.html`. Every attribute is quoted there: askama
//! escapes `" & ' < >`.

mod host;
mod index;
mod run;
mod words;

pub use host::HostPage;
pub use index::Index;
pub use run::RunPage;

/// The server's time, by which the reader's browser computes ages.
fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(base::clock::unix_seconds()).unwrap_or_default()
}
