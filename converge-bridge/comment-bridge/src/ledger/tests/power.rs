//! The power goes: what was not synced is there in part, or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

const WRITES: i64 = 60;

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    fn wal(&self) -> PathBuf {
        self.folder.path().join("ledger-wal")
    }

    fn open(&self) -> Ledger {
        Ledger::open(&self.path(), PATIENCE).unwrap()
    }
}

/// Another ledger of these files.
fn left(ledger: &[u8], wal: &[u8]) -> Files {
    let files = Files::new();
    fs::write(files.path(), ledger).unwrap();
    fs::write(files.wal(), wal).unwrap();
    files
}

fn length(path: &Path) -> usize {
    usize::try_from(fs::metadata(path).unwrap().len()).unwrap()
}

/// Base, log, and how long the log was when each write was answered.
fn written_to_the_log() -> (Vec<u8>, Vec<u8>, Vec<usize>) {
    let files = Files::new();
    drop(files.open());
    let ledger = files.open();
    let lengths = (0..WRITES).map(|n| {
        write(&ledger, n).unwrap();
        length(&files.wal())
    });
    let lengths = lengths.collect();
    (fs::read(files.path()).unwrap(), fs::read(files.wal()).unwrap(), lengths)
}

#[test]
fn a_log_cut_anywhere_holds_all_that_was_answered_before() {
    let (base, log, lengths) = written_to_the_log();
    let mut cuts: Vec<usize> = (0..150).map(|_| fastrand::usize(0..=log.len())).collect();
    cuts.extend(lengths.iter().flat_map(|length| [length - 1, *length]));
    for cut in cuts {
        let whole = lengths.iter().filter(|length| **length <= cut).count();
        let mut torn = log.clone();
        torn[cut..].fill(0);
        for log in [&log[..cut], &torn] {
            let files = left(&base, log);
            let ledger = files.open();
            let held = written(&ledger);
            assert_eq!(usize::try_from(held).unwrap(), whole, "cut at {cut}");
            // And it goes on from there.
            write(&ledger, held).unwrap();
        }
    }
}

#[test]
fn a_log_that_came_to_the_base_in_part_is_still_whole() {
    let (base, log, _) = written_to_the_log();
    let full = {
        let files = left(&base, &log);
        drop(files.open());
        fs::read(files.path()).unwrap()
    };
    assert!(full.len() >= base.len());
    for _ in 0..150 {
        // The system writes pages in any order, and any part of one.
        let mut mixed = base.clone();
        mixed.resize(if fastrand::bool() { full.len() } else { base.len() }, 0);
        for _ in 0..fastrand::usize(0..6) {
            let from = fastrand::usize(0..mixed.len());
            let to = fastrand::usize(from..mixed.len());
            mixed[from..to].copy_from_slice(&full[from..to]);
        }
        let files = left(&mixed, &log);
        assert_eq!(written(&files.open()), WRITES);
    }
}
