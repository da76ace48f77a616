//! What is known and said of each pull request.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Error, Ledger};
use crate::names::Pull;

/// What a pull request looked like when its comments were last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Its `updated_at`.
    pub updated: Timestamp,
    /// How many comments it had.
    pub comments: i64,
    /// Gitea's time when they were read.
    pub read: Timestamp,
}

/// What was said on a pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The id of our comment.
    pub comment: Option<i64>,
    /// A hash of what it says.
    pub hash: Option<String>,
    /// A hash of the commit status that was set, with its commit.
    pub status: Option<String>,
}

impl Ledger {
    /// What a pull request looked like when its comments were last read.
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

    /// Pull requests that have something to say, each with a number that changes when there is more.
    pub fn unsaid(&self) -> Result<Vec<(Pull, i64)>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT repository, number, news FROM pulls WHERE news > told ORDER BY id")?
                .query_map([], |row| Ok((pull(row)?, row.get("news")?)))?
                .collect()
        })
    }

    /// Marks a pull request as having something to say.
    pub fn unsay(&self, pull: &Pull) -> Result<(), Error> {
        self.write(|transaction| {
            let id = id(transaction, pull)?;
            mark(transaction, id)
        })
    }

    /// What was said on a pull request.
    pub fn said(&self, pull: &Pull) -> Result<Said, Error> {
        let said = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT said_comment, said_hash, said_status FROM pulls WHERE repository = ?1 AND number = ?2",
                )?
                .query_row(params![pull.repository.to_string(), pull.number], |row| {
                    Ok(Said { comment: row.get(0)?, hash: row.get(1)?, status: row.get(2)? })
                })
                .optional()
        })?;
        Ok(said.unwrap_or_default())
    }

    /// Writes down what was said. With `until`, the pull request has nothing more to say, unless there is more since.
    pub fn say(&self, pull: &Pull, said: &Said, until: Option<i64>) -> Result<(), Error> {
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "UPDATE pulls SET said_comment = ?2, said_hash = ?3, said_status = ?4,
                     told = max(told, min(news, coalesce(?5, told))) WHERE id = ?1",
                )?
                .execute(params![id(transaction, pull)?, said.comment, said.hash, said.status, until])?;
            Ok(())
        })
    }
}

/// The row of a pull request, made when there is none.
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

/// It has something to say.
pub fn mark(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    transaction.prepare_cached("UPDATE pulls SET news = news + 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Its comments were read.
pub fn read(transaction: &Transaction<'_>, id: i64, reading: Reading) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE pulls SET updated = ?2, comments = ?3, read = ?4 WHERE id = ?1")?
        .execute(params![id, reading.updated, reading.comments, reading.read])?;
    Ok(())
}

/// The pull request that columns `repository` and `number` name.
pub fn pull(row: &Row<'_>) -> rusqlite::Result<Pull> {
    let repository: String = row.get("repository")?;
    let repository = repository.parse().map_err(super::unreadable)?;
    Ok(Pull { repository, number: row.get("number")? })
}
