//! HTML of a snapshot, one file a page. A page sees a snapshot and the clock, and no file.
//!
//! A page is a struct with what its template shows, in `templates/<page>.html`. Every attribute is quoted there: askama
//! escapes `" & ' < >`.

mod feed;
mod host;
mod index;
mod recipe;
mod run;
mod words;

pub use feed::Feed;
pub use host::HostPage;
pub use index::{Index, Selection};
pub use recipe::RecipePage;
pub use run::RunPage;
pub use words::encoded;

/// The server's time, by which the reader's browser computes ages.
fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(base::clock::unix_seconds()).unwrap_or_default()
}
