//! The cursor of each source.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Error, Ledger};

/// The position up to which a source has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Gitea's time at the first read: older comments never count.
    pub baseline: Timestamp,
    /// Gitea's time at the last complete read.
    pub read: Timestamp,
}

impl Ledger {
    /// Returns the cursor of a source (`org:<name>` or `repo:<owner/name>`); `None` before the first read.
    pub fn cursor(&self, source: &str) -> Result<Option<Cursor>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT baseline, read FROM sources WHERE name = ?1")?
                .query_row([source], |row| Ok(Cursor { baseline: row.get(0)?, read: row.get(1)? }))
                .optional()
        })
    }

    /// Saves the cursor of a source.
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
