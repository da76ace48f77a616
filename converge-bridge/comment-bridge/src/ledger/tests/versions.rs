//! Older ledgers are brought up; newer ones are left alone.

use base::error::Explain;

use super::*;
use crate::ledger::{Cursor, Error, PullRecord, Reading, schema};
use crate::problem::Problem;
use crate::trigger::StateKind;

/// A ledger of version 1. Never edited: such ledgers exist.
const FIRST: &str = include_str!("version-1.sql");

#[test]
fn a_ledger_of_the_first_version_is_read() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(FIRST).unwrap();
    let ledger = Ledger::of(connection).unwrap();
    sound(&ledger);
    let states = |number| ledger.of_pull(&pull(number), 9).unwrap().into_iter().map(|it| it.state).collect::<Vec<_>>();
    assert_eq!(states(1), [way(4)[2].clone(), way(3)[3].clone()]);
    assert_eq!(states(2), [State::Failed { order: None, reason: Problem::Unknown }]);
    assert_eq!(ledger.trigger(4).unwrap().unwrap().problem, Some(Problem::Unknown));
    assert_eq!(ledger.of_kinds(&[StateKind::Building]).unwrap().len(), 1);
    assert_eq!(ledger.dirty_pulls().unwrap(), [(pull(1), 5)]);
    assert_eq!(ledger.reading(&pull(1)).unwrap(), Some(Reading { updated: at(8), comments: 3, read: at(9) }));
    let said = PullRecord { comment_id: Some(77), comment: Some("abc".into()), statuses: None };
    assert_eq!(ledger.pull_record(&pull(1)).unwrap(), said);
    let cursor = Cursor { baseline: at(0), read: at(9) };
    assert_eq!(ledger.cursor("org:recipes").unwrap(), Some(cursor));
    ledger.advance(&ledger.trigger(4).unwrap().unwrap(), way(4)[3].clone(), at(10)).unwrap();
}

#[test]
fn a_newer_one_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    drop(Ledger::open(&path, PATIENCE).unwrap());
    let known = schema::STEPS.len();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", i64::try_from(known + 1).unwrap()).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = Ledger::open(&path, PATIENCE).unwrap_err();
    assert!(matches!(error, Error::Newer { found, .. } if found == known + 1), "{error}");
    assert!(error.hint().unwrap().contains("deploy the comment-bridge that wrote it"));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", -1).unwrap();
    assert!(matches!(Ledger::open(&path, PATIENCE).unwrap_err(), Error::Newer { .. }));
}

#[test]
fn a_step_happens_whole_or_not_at_all() {
    let version = |connection: &Connection| connection.pragma_query_value(None, "user_version", |row| row.get(0));
    let tables = |connection: &Connection| {
        let sql = "SELECT group_concat(name ORDER BY name) FROM sqlite_schema";
        connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
    };
    let mut connection = Connection::open_in_memory().unwrap();
    let steps = ["CREATE TABLE a (b)", "CREATE TABLE c (d); CREATE TABLE e (f)", "CREATE TABLE g (h); nonsense"];
    schema::migrate(&mut connection, &steps[..1]).unwrap();
    assert_eq!(tables(&connection), "a");
    let error = schema::migrate(&mut connection, &steps).unwrap_err();
    assert!(matches!(error, Error::Sqlite { what: "open", .. }), "{error}");
    assert_eq!((version(&connection), tables(&connection)), (Ok(2), "a,c,e".into()));
    schema::migrate(&mut connection, &steps[..2]).unwrap();
    assert!(matches!(schema::migrate(&mut connection, &steps[..1]), Err(Error::Newer { found: 2, known: 1 })));
}

#[test]
fn the_steps_lead_to_one_schema_however_many_opens() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let ledger = Ledger::open(&folder.path().join("ledger"), PATIENCE).unwrap();
        assert_eq!(ledger.counts().unwrap().iter().map(|(_, count)| count).sum::<i64>(), 0);
    }
}
