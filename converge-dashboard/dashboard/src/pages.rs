//! HTML of a snapshot, one file a page. Pure: a page sees a snapshot and the time, and no file.
//!
//! A page is a struct with what its template shows, in `templates/<page>.html`. Every attribute is quoted there: askama
//! escapes `" & ' < >`.

mod host;
mod index;

pub use host::HostPage;
pub use index::Index;
