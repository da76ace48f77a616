//! The triggers and their states.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Ledger, Reading, pulls, unreadable};
use crate::problem::Problem;
use crate::trigger::{Command, State, StateKind, Trigger};
use http::names::Pull;

/// A found comment with a command. The ledger makes a [`Trigger`] of it and adds the state, which keeps `delivered_head`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The id of the comment at Gitea.
    pub comment: i64,
    /// The pull request of the comment.
    pub pull: Pull,
    /// The login of the author.
    pub author: String,
    /// The command.
    pub command: Command,
    /// The time of the comment, by Gitea's clock.
    pub created: Timestamp,
    /// The pull request's head commit at that time, if a delivery told it.
    pub delivered_head: Option<String>,
}

/// A query with every column that [`trigger`] reads.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT comment, repository, number, author, command, created, state, changed, problem
             FROM triggers JOIN pulls ON pulls.id = triggers.pull ",
            $rest
        )
    };
}

impl Ledger {
    /// Inserts triggers in state `Seen`, unless their comment is known, and saves the read they came with, in one
    /// transaction. Returns the number of new ones.
    pub fn insert_found(
        &self,
        found: &[Found],
        reading: Option<(&Pull, Reading)>,
        now: Timestamp,
    ) -> Result<usize, Error> {
        self.write(|transaction| {
            let mut new = 0;
            for found in found {
                new += insert(transaction, found, now)?;
            }
            if let Some((pull, reading)) = reading {
                pulls::read(transaction, pulls::id(transaction, pull)?, reading)?;
            }
            Ok(new)
        })
        .inspect(|new| {
            if *new > 0 {
                self.count_change();
            }
        })
    }

    /// Returns the trigger of a comment.
    pub fn trigger(&self, comment: i64) -> Result<Option<Trigger>, Error> {
        self.read(|connection| one(connection, comment))
    }

    /// Returns all triggers of these kinds, lowest comment first. Only for kinds that are not ends.
    pub fn of_kinds(&self, kinds: &[StateKind]) -> Result<Vec<Trigger>, Error> {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let sql = select!("WHERE open AND kind IN (SELECT value FROM json_each(?1)) ORDER BY comment");
        self.read(|connection| many(connection, sql, params![json(&names)?]))
    }

    /// Returns the newest triggers of a pull request, newest first, without those of strangers: they must not push
    /// others out of the list.
    pub fn of_pull(&self, pull: &Pull, most: usize) -> Result<Vec<Trigger>, Error> {
        let sql = select!(
            "WHERE repository = ?1 AND number = ?2 AND NOT (kind = 'refused' AND state ->> 'reason' = 'stranger')
             ORDER BY comment DESC LIMIT ?3"
        );
        self.read(|connection| many(connection, sql, params![pull.repository.to_string(), pull.number, limit(most)]))
    }

    /// Returns the newest triggers of all pull requests, newest first.
    pub fn newest(&self, most: usize) -> Result<Vec<Trigger>, Error> {
        self.read(|connection| many(connection, select!("ORDER BY comment DESC LIMIT ?1"), params![limit(most)]))
    }

    /// Moves a trigger to its next state, removes its problem and marks its pull request as dirty. Fails if the transition
    /// is not permitted, or if the trigger differs from `trigger`.
    pub fn advance(&self, trigger: &Trigger, next: State, now: Timestamp) -> Result<Trigger, Error> {
        let comment = trigger.comment;
        let (from, to) = (trigger.state.kind(), next.kind());
        if !from.may_become(to) {
            return Err(Error::Transition { comment, from, to });
        }
        let next = Trigger { state: next, changed: now, problem: None, ..trigger.clone() };
        let done = self.write(|transaction| {
            let is_unchanged = one(transaction, comment)?.is_some_and(|stored| stored.state == trigger.state);
            if is_unchanged {
                replace(transaction, &next)?;
            }
            Ok(is_unchanged)
        })?;
        self.count_change();
        if done { Ok(next) } else { Err(Error::Changed { comment }) }
    }

    /// Sets or removes the problem of a trigger. A change marks its pull request as dirty.
    pub fn set_problem(&self, comment: i64, problem: Option<Problem>) -> Result<(), Error> {
        self.write(|transaction| {
            let problem = problem.map(|problem| json(&problem)).transpose()?;
            let sql = "UPDATE triggers SET problem = ?2 WHERE comment = ?1 AND problem IS NOT ?2 RETURNING pull";
            let mut statement = transaction.prepare_cached(sql)?;
            let pull: Option<i64> = statement.query_row(params![comment, problem], |row| row.get(0)).optional()?;
            pull.map_or(Ok(()), |pull| pulls::mark(transaction, pull))
        })
        .inspect(|()| self.count_change())
    }

    /// Returns the number of triggers of each kind.
    pub fn counts(&self) -> Result<Vec<(StateKind, i64)>, Error> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT count FROM counts WHERE kind = ?1")?;
            let mut count = |kind: StateKind| statement.query_row([kind.name()], |row| row.get(0)).optional();
            StateKind::ALL.into_iter().map(|kind| Ok((kind, count(kind)?.unwrap_or_default()))).collect()
        })
    }
}

fn insert(transaction: &Transaction<'_>, found: &Found, now: Timestamp) -> rusqlite::Result<usize> {
    let state = State::found(found.delivered_head.clone());
    transaction
        .prepare_cached(
            "INSERT INTO triggers (comment, pull, author, command, created, kind, open, state, changed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            found.comment,
            pulls::id(transaction, &found.pull)?,
            found.author,
            json(&found.command)?,
            found.created,
            state.kind().name(),
            !state.kind().is_end(),
            json(&state)?,
            now
        ])
}

fn replace(transaction: &Transaction<'_>, next: &Trigger) -> rusqlite::Result<()> {
    let kind = next.state.kind();
    let pull = transaction
        .prepare_cached(
            "UPDATE triggers SET kind = ?2, open = ?3, state = ?4, changed = ?5, problem = NULL
             WHERE comment = ?1 RETURNING pull",
        )?
        .query_row(params![next.comment, kind.name(), !kind.is_end(), json(&next.state)?, next.changed], |row| {
            row.get(0)
        })?;
    pulls::mark(transaction, pull)
}

fn one(connection: &Connection, comment: i64) -> rusqlite::Result<Option<Trigger>> {
    connection.prepare_cached(select!("WHERE comment = ?1"))?.query_row([comment], trigger).optional()
}

fn many(connection: &Connection, sql: &str, params: &[&dyn ToSql]) -> rusqlite::Result<Vec<Trigger>> {
    connection.prepare_cached(sql)?.query_map(params, trigger)?.collect()
}

fn trigger(row: &Row<'_>) -> rusqlite::Result<Trigger> {
    Ok(Trigger {
        comment: row.get("comment")?,
        pull: pulls::pull(row)?,
        author: row.get("author")?,
        command: parsed(row, "command")?,
        created: row.get("created")?,
        state: parsed(row, "state")?,
        changed: row.get("changed")?,
        problem: problem(row)?,
    })
}

/// A text that is not ours is a problem of another version.
fn problem(row: &Row<'_>) -> rusqlite::Result<Option<Problem>> {
    let text: Option<String> = row.get("problem")?;
    Ok(text.map(|text| serde_json::from_str(&text).unwrap_or(Problem::Unknown)))
}

fn parsed<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(unreadable)
}

fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
