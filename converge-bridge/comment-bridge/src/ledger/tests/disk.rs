//! A disk that is full, and has room again.

use std::fs;

use base::error::Explain;
use rusqlite::ErrorCode;

use super::*;
use crate::ledger::{Cursor, Error, PullRecord, Reading};
use crate::problem::Problem;

fn is_full<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    let Error::Sqlite { what: "write", source } = &error else { panic!("{error:?}") };
    assert_eq!(source.sqlite_error_code(), Some(ErrorCode::DiskFull), "{source}");
    assert!(error.hint().unwrap().contains("free space"), "{error:?}");
}

/// Everything it holds, as text.
fn held(ledger: &Ledger) -> String {
    sound(ledger);
    let pulls =
        [1, 2].map(|number| (ledger.reading(&pull(number)).unwrap(), ledger.pull_record(&pull(number)).unwrap()));
    let counts = ledger.counts().unwrap();
    format!(
        "{:?}{pulls:?}{counts:?}{:?}",
        ledger.newest(99).unwrap(),
        (ledger.dirty_pulls(), ledger.cursor("org:recipes"))
    )
}

/// Tries every operation that writes.
fn try_all(ledger: &Ledger, check: impl Fn(Result<(), Error>)) {
    let reading = Reading { updated: at(1), comments: 1, read: at(1) };
    let said = PullRecord { comment_id: Some(5), comment: Some("h".repeat(64)), statuses: None };
    check(ledger.insert_found(&[found(50, 2)], Some((&pull(2), reading)), at(9)).map(|_| ()));
    check(ledger.advance(&ledger.trigger(1).unwrap().unwrap(), State::Cancelling, at(9)).map(|_| ()));
    check(ledger.set_problem(1, Some(Problem::Late)));
    check(ledger.mark_dirty(&pull(1)));
    check(ledger.save_record(&pull(1), &said, Some(1)));
    check(ledger.move_cursor("org:recipes", Cursor { baseline: at(1), read: at(9) }));
    check(ledger.check_writable());
}

#[test]
fn a_full_disk_is_refused_and_forgiven() {
    with_own_mounts("a_full_disk_is_refused_and_forgiven", |folder| {
        mount(None::<&str>, folder, Some("tmpfs"), MsFlags::empty(), Some("size=1m")).unwrap();
        let ledger = Ledger::open(&folder.join("ledger"), PATIENCE).unwrap();
        ledger.insert_found(&[found(1, 1)], None, at(0)).unwrap();
        let filler = folder.join("filler");
        let mut size = 1 << 20;
        while size >= 512 {
            let more = [fs::read(&filler).unwrap_or_default(), vec![1; size]].concat();
            if fs::write(&filler, more).is_err() {
                size /= 2;
            }
        }
        // What is left of the log's last page.
        while ledger.check_writable().is_ok() {}
        let before = held(&ledger);
        for _ in 0..3 {
            try_all(&ledger, is_full);
            assert_eq!(held(&ledger), before);
        }
        fs::remove_file(filler).unwrap();
        try_all(&ledger, |result| result.unwrap());
        assert_ne!(held(&ledger), before);
        drop(ledger);
        sound(&Ledger::open(&folder.join("ledger"), PATIENCE).unwrap());
    });
}

#[test]
fn no_room_for_another_page_is_refused_and_forgiven() {
    let ledger = ledger();
    let limit = |pages: i64| {
        let connection = ledger.connection();
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0)).unwrap();
    };
    limit(1);
    let mut comment = 1;
    let error = loop {
        match ledger.insert_found(&[found(comment, comment)], None, at(0)) {
            Ok(_) => comment += 1,
            Err(error) => break error,
        }
    };
    is_full::<()>(Err(error));
    assert_eq!(ledger.trigger(comment).unwrap(), None);
    assert_eq!(ledger.newest(1).unwrap()[0].comment, comment - 1);
    sound(&ledger);
    limit(1 << 20);
    ledger.insert_found(&[found(comment, comment)], None, at(0)).unwrap();
}
