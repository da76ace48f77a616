//! How far each source has been read.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Error, Ledger};

/// How far a source has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Gitea's time when the source was first read: what is older never fires.
    pub baseline: Timestamp,
    /// Gitea's time at the last whole reading.
    pub read: Timestamp,
}

impl Ledger {
    /// How far a source (`org:<name>` or `repo:<owner/name>`) has been read; `None` before the first time.
    pub fn cursor(&self, source: &str) -> Result<Option<Cursor>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT baseline, read FROM sources WHERE name = ?1")?
                .query_row([source], |row| Ok(Cursor { baseline: row.get(0)?, read: row.get(1)? }))
                .optional()
        })
    }

    /// Writes down how far a source has been read.
    pub fn move_cursor(&self, source: &str, cursor: Cursor) -> Result<(), Error> {
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO sources VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET baseline = excluded.baseline, read = excluded.read",
                )?
                .execute(params![source, cursor.baseline, cursor.read])?;
            Ok(())
        })
    }
}
