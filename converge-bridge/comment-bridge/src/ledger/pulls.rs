//! The last read of each pull request, and the texts that the bridge published there.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Error, Ledger};
use http::names::Pull;

/// A pull request at the time its comments were last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// `updated_at` at Gitea.
    pub updated: Timestamp,
    /// The number of comments at Gitea.
    pub comments: i64,
    /// Gitea's time of the read.
    pub read: Timestamp,
}

/// The texts that the bridge published on a pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullRecord {
    /// The id of the bridge's comment.
    pub comment_id: Option<i64>,
    /// The digest and the topic of that comment, as `report::published` writes them.
    pub comment: Option<String>,
    /// The digest of each commit's status, as `report::published` writes them.
    pub statuses: Option<String>,
}

impl Ledger {
    /// Returns the last read of a pull request's comments.
    pub fn reading(&self, pull: &Pull) -> Result<Option<Reading>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT updated, comments, read FROM pulls
                     WHERE repository = ?1 AND number = ?2 AND read IS NOT NULL",
                )?
                .query_row(params![pull.repository.to_string(), pull.number], |row| {
                    Ok(Reading { updated: row.get(0)?, comments: row.get(1)?, read: row.get(2)? })
                })
                .optional()
        })
    }

    /// Returns the pull requests whose comment may be out of date, each with its revision.
    pub fn dirty_pulls(&self) -> Result<Vec<(Pull, i64)>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT repository, number, revision FROM pulls WHERE revision > reported_revision ORDER BY id",
                )?
                .query_map([], |row| Ok((pull(row)?, row.get("revision")?)))?
                .collect()
        })
    }

    /// Marks a pull request's comment as out of date.
    pub fn mark_dirty(&self, pull: &Pull) -> Result<(), Error> {
        self.write(|transaction| {
            let id = id(transaction, pull)?;
            mark(transaction, id)
        })
    }

    /// Returns what the bridge published on a pull request.
    pub fn pull_record(&self, pull: &Pull) -> Result<PullRecord, Error> {
        let record = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT comment_id, published_comment, published_statuses FROM pulls WHERE repository = ?1 AND number = ?2",
                )?
                .query_row(params![pull.repository.to_string(), pull.number], |row| {
                    Ok(PullRecord { comment_id: row.get(0)?, comment: row.get(1)?, statuses: row.get(2)? })
                })
                .optional()
        })?;
        Ok(record.unwrap_or_default())
    }

    /// Saves what the bridge published. With `reported`, all changes up to that revision count as reported.
    pub fn save_record(&self, pull: &Pull, record: &PullRecord, reported: Option<i64>) -> Result<(), Error> {
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "UPDATE pulls SET comment_id = ?2, published_comment = ?3, published_statuses = ?4,
                     reported_revision = max(reported_revision, min(revision, coalesce(?5, reported_revision)))
                     WHERE id = ?1",
                )?
                .execute(params![
                    id(transaction, pull)?,
                    record.comment_id,
                    record.comment,
                    record.statuses,
                    reported
                ])?;
            Ok(())
        })
    }
}

/// Returns the id of a pull request's row; inserts the row if there is none.
pub fn id(transaction: &Transaction<'_>, pull: &Pull) -> rusqlite::Result<i64> {
    let name = params![pull.repository.to_string(), pull.number];
    let mut known = transaction.prepare_cached("SELECT id FROM pulls WHERE repository = ?1 AND number = ?2")?;
    match known.query_row(name, |row| row.get(0)).optional()? {
        Some(id) => Ok(id),
        None => transaction
            .prepare_cached("INSERT INTO pulls (repository, number) VALUES (?1, ?2) RETURNING id")?
            .query_row(name, |row| row.get(0)),
    }
}

/// Marks the pull request's comment as out of date.
pub fn mark(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    transaction.prepare_cached("UPDATE pulls SET revision = revision + 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Saves a read of the pull request's comments.
pub fn read(transaction: &Transaction<'_>, id: i64, reading: Reading) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE pulls SET updated = ?2, comments = ?3, read = ?4 WHERE id = ?1")?
        .execute(params![id, reading.updated, reading.comments, reading.read])?;
    Ok(())
}

/// Reads a pull request from the columns `repository` and `number`.
pub fn pull(row: &Row<'_>) -> rusqlite::Result<Pull> {
    let repository: String = row.get("repository")?;
    let repository = repository.parse().map_err(super::unreadable)?;
    Ok(Pull { repository, number: row.get("number")? })
}
