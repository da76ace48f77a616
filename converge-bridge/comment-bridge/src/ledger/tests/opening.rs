//! What may be where the ledger is to be.

use std::fs;
use std::time::Instant;

use base::error::{Class, Explain, Explained};

use super::*;
use crate::ledger::Error;

fn refused(path: &Path) -> Explained {
    let error = Ledger::open(path, PATIENCE).unwrap_err();
    let explained = Explained::new(&error);
    assert_eq!(error.class(), Class::Blocked, "{explained}");
    assert!(explained.hint.is_some(), "{explained}");
    explained
}

#[test]
fn one_ledger_serves_one_instance() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let first = Ledger::open(&path, PATIENCE).unwrap();
    let began = Instant::now();
    let error = Ledger::open(&path, Duration::from_millis(120)).unwrap_err();
    assert!(matches!(error, Error::Locked) && error.hint().is_some());
    assert!(began.elapsed() >= Duration::from_millis(120));
    first.insert_found(&[found(1, 1)], None, at(0)).unwrap();
    let second = thread::spawn({
        let path = path.clone();
        move || Ledger::open(&path, PATIENCE).map(|ledger| ledger.newest(9).unwrap().len())
    });
    first.insert_found(&[found(2, 1)], None, at(0)).unwrap();
    drop(first);
    assert_eq!(second.join().unwrap().unwrap(), 2);
}

#[test]
fn a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let explained = refused(&folder.path().join("missing/ledger"));
    assert!(explained.message.starts_with("cannot lock the ledger with /"), "{explained}");
    assert!(explained.causes[0].contains("No such file"), "{explained}");
}

#[test]
fn a_folder_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("ledger")).unwrap();
    assert_eq!(refused(&folder.path().join("ledger")).message, "cannot open the ledger");
}

#[test]
fn a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let content = "none of yours\n".repeat(500);
    fs::write(&path, &content).unwrap();
    let explained = refused(&path);
    assert!(explained.causes[0].contains("not a database"), "{explained}");
    assert_eq!(fs::read_to_string(&path).unwrap(), content, "left as it was");
}

#[test]
fn a_database_of_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert_eq!(refused(&path).message, "the file is a database, but not a ledger");
}

#[test]
fn a_file_that_may_only_be_read() {
    with_own_mounts("a_file_that_may_only_be_read", |folder| {
        let path = folder.join("ledger");
        drop(Ledger::open(&path, PATIENCE).unwrap());
        let bind = |flags| mount(Some(&path), &path, None::<&str>, MsFlags::MS_BIND | flags, None::<&str>).unwrap();
        bind(MsFlags::empty());
        bind(MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY);
        let explained = refused(&path);
        assert!(explained.message.ends_with("is read-only"), "{explained}");
    });
}

#[test]
fn a_file_system_that_may_only_be_read() {
    with_own_mounts("a_file_system_that_may_only_be_read", |folder| {
        let tmpfs = |flags| mount(None::<&str>, folder, Some("tmpfs"), flags, None::<&str>).unwrap();
        tmpfs(MsFlags::empty());
        drop(Ledger::open(&folder.join("ledger"), PATIENCE).unwrap());
        tmpfs(MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY);
        let explained = refused(&folder.join("ledger"));
        assert!(explained.causes[0].contains("Read-only file system"), "{explained}");
    });
}

/// The bytes of a ledger with many triggers.
fn filled(path: &Path) -> Vec<u8> {
    let ledger = Ledger::open(path, PATIENCE).unwrap();
    (0..2000).for_each(|n| write(&ledger, n).unwrap());
    drop(ledger);
    fs::read(path).unwrap()
}

/// Writes the bytes and reads everything from them. Each error must have a hint.
fn read_all(path: &Path, bytes: &[u8]) -> Option<Error> {
    fs::write(path, bytes).unwrap();
    let looked = Ledger::open(path, PATIENCE).and_then(|ledger| {
        ledger.newest(usize::MAX)?;
        ledger.of_kinds(&[crate::trigger::StateKind::Ended])?;
        ledger.dirty_pulls()?;
        ledger.counts()
    });
    let error = looked.err()?;
    assert!(error.hint().is_some(), "{error:?}");
    Some(error)
}

/// Never a panic, never a wrong answer without an error where `SQLite` can tell.
#[test]
fn corruption_is_reported_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let whole = filled(&path);
    let torn = |seed| {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut torn = whole.clone();
        let from = random.usize(0..torn.len());
        let to = torn.len().min(from + random.usize(1..20_000));
        torn[from..to].fill_with(|| random.u8(..));
        torn
    };
    let said = (0..100).filter(|seed| read_all(&path, &torn(*seed)).is_some()).count();
    assert!(said > 50, "{said} of 100");
}

/// The first page tells how to read all others: the header, then the schema.
#[test]
fn garbage_in_the_first_page_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let whole = filled(&path);
    for at in (0..100).chain((100..4096).step_by(64)) {
        let mut torn = whole.clone();
        torn[at] ^= 0xff;
        read_all(&path, &torn);
    }
    let mut newer = whole;
    newer[44..48].copy_from_slice(&9_u32.to_be_bytes());
    let error = Explained::new(&read_all(&path, &newer).unwrap());
    assert_eq!(error.causes[0], "unsupported file format");
    assert!(error.hint.unwrap().contains("restore a backup"));
}

#[test]
fn every_code_of_a_damaged_file_says_what_to_do() {
    use rusqlite::ffi;
    let codes = [
        ffi::SQLITE_ERROR,
        ffi::SQLITE_INTERNAL,
        ffi::SQLITE_CORRUPT,
        ffi::SQLITE_CORRUPT_INDEX,
        ffi::SQLITE_SCHEMA,
        ffi::SQLITE_TOOBIG,
        ffi::SQLITE_CONSTRAINT,
        ffi::SQLITE_MISMATCH,
        ffi::SQLITE_NOTADB,
    ];
    for code in codes {
        let source = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let hint = Error::Sqlite { what: "read", source }.hint();
        assert!(hint.is_some_and(|hint| hint.contains("restore a backup")), "{code}");
    }
}
