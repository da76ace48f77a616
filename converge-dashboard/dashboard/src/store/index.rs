//! The index: a cache of the rows in `SQLite`, so that a start does not read every results file.
//!
//! It may be missing, damaged, deleted or replaced at any time, also while the program runs: then it is made anew from the
//! rows in memory. It has no write-ahead log, whose second file is one more thing to lose. A directory that cannot be
//! written only means that there is no cache.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, params};

/// The file in the index's directory.
const FILE: &str = "runs.sqlite";
/// The format of the rows. Another format is made anew: raise it when a newer reader reads a results file differently.
const FORMAT: i32 = 1;
/// The pause after a write that failed.
const PAUSE: Duration = Duration::from_mins(3);
/// The wait for another instance that writes.
const BUSY: Duration = Duration::from_secs(2);

/// The state of a results file. Another content has another stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    modified: i64,
    size: i64,
    inode: i64,
}

impl Stamp {
    /// The stamp of an open file.
    pub fn of(about: &fs::Metadata) -> Self {
        Self {
            modified: about.mtime().wrapping_mul(1_000_000_000).wrapping_add(about.mtime_nsec()),
            size: about.size().cast_signed(),
            inode: about.ino().cast_signed(),
        }
    }
}

/// A row: the id, the state of the file it was made from, and a run or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The run's id.
    pub id: String,
    /// The state of the results file.
    pub stamp: Stamp,
    /// The text of a run, or the reason of a damaged one.
    pub content: Result<String, String>,
}

/// The index.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    open: Option<(Connection, u64)>,
    failed: Option<Instant>,
}

impl Index {
    /// Opens the index and hands over its rows; false if it cannot be used, so that the rows so far count for nothing.
    pub fn open(directory: &Path, each: impl FnMut(Row)) -> (Self, bool) {
        let mut index = Self { path: directory.join(FILE), open: None, failed: None };
        let loaded = load(&index.path, each);
        let is_usable = loaded.is_ok();
        index.open = loaded.ok().zip(inode(&index.path));
        (index, is_usable)
    }

    /// Writes rows and removes those without a run any more. An index that is gone or damaged is made anew of `everything`.
    /// Returns true if the index is up to date, false while it is not tried, and the problem of one that cannot be written.
    pub fn write(
        &mut self,
        changed: impl Iterator<Item = Row>,
        removed: &[String],
        everything: impl Iterator<Item = Row>,
    ) -> Result<bool, String> {
        if self.failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return Ok(false);
        }
        let inode_now = inode(&self.path);
        if let Some((connection, inode_then)) = &mut self.open
            && inode_now == Some(*inode_then)
        {
            match apply(connection, changed, removed) {
                Ok(()) => return Ok(true),
                // Another instance writes during an update of the service; its rows are the same.
                Err(error) if is_busy(&error) => return Ok(false),
                Err(error) => tracing::info!("the index is made anew: {error}"),
            }
        }
        self.open = None;
        match self.make(everything) {
            Ok(open) => {
                (self.open, self.failed) = (Some(open), None);
                Ok(true)
            }
            Err(problem) => {
                self.failed = Some(Instant::now());
                Err(format!("{}: {problem}; every start reads all runs", self.path.display()))
            }
        }
    }

    fn make(&self, rows: impl Iterator<Item = Row>) -> Result<(Connection, u64), String> {
        let journal = self.path.with_extension("sqlite-journal");
        for file in [&self.path, &journal] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.to_string()),
                _ => {}
            }
        }
        let fill = || {
            let mut connection = connect(&self.path, true)?;
            connection.execute_batch(&format!(
                "CREATE TABLE run (id TEXT PRIMARY KEY, modified INTEGER NOT NULL, size INTEGER NOT NULL, \
                 inode INTEGER NOT NULL, run TEXT, damaged TEXT) WITHOUT ROWID; PRAGMA user_version = {FORMAT};"
            ))?;
            apply(&mut connection, rows, &[])?;
            Ok(connection)
        };
        let made = fill().map_err(|error: rusqlite::Error| error.to_string());
        if made.is_err() {
            drop(fs::remove_file(&self.path));
        }
        let inode = inode(&self.path).unwrap_or_default();
        Ok((made?, inode))
    }
}

fn load(path: &Path, mut each: impl FnMut(Row)) -> rusqlite::Result<Connection> {
    let connection = connect(path, false)?;
    let format: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if format != FORMAT {
        return Err(rusqlite::Error::InvalidQuery);
    }
    {
        let mut all = connection.prepare("SELECT id, modified, size, inode, run, damaged FROM run")?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let stamp = Stamp { modified: row.get(1)?, size: row.get(2)?, inode: row.get(3)? };
            let run: Option<String> = row.get(4)?;
            let damaged: Option<String> = row.get(5)?;
            each(Row { id: row.get(0)?, stamp, content: run.ok_or(damaged.unwrap_or_default()) });
        }
    }
    Ok(connection)
}

fn connect(path: &Path, create: bool) -> rusqlite::Result<Connection> {
    use rusqlite::OpenFlags as Flags;
    let flags = Flags::SQLITE_OPEN_READ_WRITE | Flags::SQLITE_OPEN_NO_MUTEX | Flags::SQLITE_OPEN_NOFOLLOW;
    let flags = if create { flags | Flags::SQLITE_OPEN_CREATE } else { flags };
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // A small page cache: rows are read once.
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -256;")?;
    Ok(connection)
}

fn apply(connection: &mut Connection, changed: impl Iterator<Item = Row>, removed: &[String]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut delete = transaction.prepare_cached("DELETE FROM run WHERE id = ?1")?;
        for id in removed {
            delete.execute([id])?;
        }
        let mut put = transaction.prepare_cached(
            "INSERT OR REPLACE INTO run (id, modified, size, inode, run, damaged) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for Row { id, stamp, content } in changed {
            let (run, damaged) = (content.as_ref().ok(), content.as_ref().err());
            put.execute(params![id, stamp.modified, stamp.size, stamp.inode, run, damaged])?;
        }
    }
    transaction.commit()
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn inode(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|about| about.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u32) -> Row {
        let stamp = Stamp { modified: 1, size: 2, inode: id.into() };
        Row {
            id: id.to_string(),
            stamp,
            content: if id.is_multiple_of(2) { Ok("{}".into()) } else { Err("half".into()) },
        }
    }

    fn rows(directory: &Path) -> Vec<Row> {
        let mut rows = Vec::new();
        let (_, is_usable) = Index::open(directory, |row| rows.push(row));
        if is_usable { rows } else { Vec::new() }
    }

    fn open(directory: &Path) -> Index {
        Index::open(directory, drop).0
    }

    fn none() -> std::iter::Empty<Row> {
        std::iter::empty()
    }

    /// Rows that must not be asked for.
    fn unneeded() -> impl Iterator<Item = Row> {
        std::iter::from_fn(|| panic!("not needed"))
    }

    #[test]
    fn rows_are_kept_until_they_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let mut index = open(directory.path());
        assert_eq!(rows(directory.path()), []);
        index.write([row(1)].into_iter(), &[], [row(1), row(2)].into_iter()).unwrap();
        assert_eq!(rows(directory.path()), [row(1), row(2)], "the first write is of everything");
        index.write([row(3)].into_iter(), &["1".into()], unneeded()).unwrap();
        assert_eq!(rows(directory.path()), [row(2), row(3)]);
    }

    #[test]
    fn an_index_that_is_deleted_replaced_or_damaged_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let all = || [row(1), row(2)].into_iter();
        let mut index = open(directory.path());
        index.write(none(), &[], all()).unwrap();
        let other = directory.path().join("other");
        let faults: [(&str, &dyn Fn()); 5] = [
            ("deleted", &|| fs::remove_file(&path).unwrap()),
            ("emptied", &|| fs::write(&path, "").unwrap()),
            ("rubbish", &|| fs::write(&path, "x".repeat(100_000)).unwrap()),
            ("replaced", &|| {
                fs::write(&other, "another file").unwrap();
                fs::rename(&other, &path).unwrap();
            }),
            ("cut off", &|| fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(4096).unwrap()),
        ];
        for (fault, bring) in faults {
            bring();
            index.write([row(2)].into_iter(), &[], all()).unwrap();
            assert_eq!(rows(directory.path()), [row(1), row(2)], "{fault}");
            bring();
            assert_eq!(rows(directory.path()), [], "{fault}: a start takes nothing from it");
            index = open(directory.path());
            index.write([row(2)].into_iter(), &[], all()).unwrap();
            assert_eq!(rows(directory.path()), [row(1), row(2)], "{fault}, then a start");
        }
    }

    #[test]
    fn an_older_format_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let mut index = open(directory.path());
        index.write(none(), &[], [row(1)].into_iter()).unwrap();
        index.open.as_ref().unwrap().0.execute_batch("PRAGMA user_version = 0").unwrap();
        assert_eq!(rows(directory.path()), []);
        let mut index = open(directory.path());
        index.write(none(), &[], [row(2)].into_iter()).unwrap();
        assert_eq!(rows(directory.path()), [row(2)]);
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_told_once_and_tried_later() {
        let mut index = open(Path::new("/proc/nowhere"));
        let problem = index.write(none(), &[], none()).unwrap_err();
        assert!(problem.starts_with("/proc/nowhere/runs.sqlite: "), "{problem}");
        assert_eq!(index.write(unneeded(), &[], unneeded()), Ok(false), "not so soon");
    }
}
