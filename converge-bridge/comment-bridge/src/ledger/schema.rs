//! The schema, and the migration of older ledgers.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::Error;

/// The steps from each version to the next. A released step is never edited; a new one follows it.
pub const STEPS: &[&str] = &[include_str!("1.sql")];

/// Migrates the ledger by all `steps`, each in a transaction of its own.
pub fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), Error> {
    let opening = |source| Error::Sqlite { what: "open", source };
    let mut found = version(connection).map_err(opening)?;
    if found == 0 && has_tables(connection).map_err(opening)? {
        return Err(Error::Foreign);
    }
    while found < steps.len() {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(opening)?;
        step(transaction, steps[found], found + 1).map_err(opening)?;
        found += 1;
    }
    if found > steps.len() { Err(Error::Newer { found, known: steps.len() }) } else { Ok(()) }
}

fn step(transaction: Transaction<'_>, sql: &str, version: usize) -> rusqlite::Result<()> {
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "user_version", i64::try_from(version).unwrap_or(i64::MAX))?;
    transaction.commit()
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    // A negative version is no older one.
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

fn has_tables(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}
