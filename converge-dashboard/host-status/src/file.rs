//! The file: written by rename, and only when what it says has changed.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use systemd::notify;
use systemd::watch::State;

use crate::document::{Document, Unit};

/// The file and what is known of the units.
#[derive(Debug)]
pub struct HostFile {
    path: PathBuf,
    document: Document,
    /// The document in the file.
    written: Option<Document>,
}

impl HostFile {
    /// A file about these units, not written yet.
    pub fn new(path: PathBuf, units: &[String], now: Timestamp) -> Self {
        Self { path, document: Document::new(units, now), written: None }
    }

    /// Takes over the state of the unit at this place, read now.
    pub fn set(&mut self, place: usize, state: State, now: Timestamp) {
        // A change during an outage has no time.
        let is_current = self.document.outdated_since.is_none();
        if let Some(unit) = self.document.units.get_mut(place) {
            *unit = Unit::of(&unit.unit, state, Some(&*unit).filter(|_| is_current), now);
        }
    }

    /// Writes a file that is current.
    pub fn write_current(&mut self, now: Timestamp) -> io::Result<()> {
        self.document.outdated_since = None;
        self.write(now)
    }

    /// Writes a file that has been outdated since now, or since an earlier call.
    pub fn write_outdated(&mut self, now: Timestamp) -> io::Result<()> {
        self.document.outdated_since.get_or_insert(now);
        self.write(now)
    }

    fn write(&mut self, now: Timestamp) -> io::Result<()> {
        let same = |written: &Document| {
            written.units == self.document.units && written.outdated_since == self.document.outdated_since
        };
        if self.written.as_ref().is_some_and(same) {
            return Ok(());
        }
        self.document.written = now;
        let mut text = serde_json::to_vec(&self.document)?;
        text.push(b'\n');
        base::file::replace(&self.path, &text, 0o644)?;
        notify::status(&self.document.summary());
        if self.written.is_none() {
            notify::ready();
        }
        self.written = Some(self.document.clone());
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    fn state(active: &str) -> State {
        State {
            load: "loaded".into(),
            load_error: None,
            active: active.into(),
            sub: active.into(),
            has_job: false,
            since: None,
            service: None,
        }
    }

    #[test]
    fn the_file_is_replaced_only_when_something_has_changed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("host.json");
        let now = |second: u8| format!("2026-11-28T03:00:{second:02}Z").parse::<Timestamp>().unwrap();
        let mut file = HostFile::new(path.clone(), &["a.target".into()], now(0));
        let read = || serde_json::from_slice::<serde_json::Value>(&fs::read(&path).unwrap()).unwrap();
        let inode = || fs::metadata(&path).unwrap().ino();

        file.write_outdated(now(1)).unwrap();
        assert_eq!(read()["outdated_since"], "2026-11-28T03:00:00Z", "since the start");
        file.set(0, state("active"), now(0));
        file.write_current(now(2)).unwrap();
        assert_eq!((&read()["outdated_since"], &read()["written"]), (&().into(), &"2026-11-28T03:00:02Z".into()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);

        let before = inode();
        file.set(0, state("active"), now(0));
        file.write_current(now(3)).unwrap();
        assert_eq!(inode(), before, "nothing has changed");

        fs::remove_file(&path).unwrap();
        file.set(0, state("inactive"), now(0));
        file.write_current(now(4)).unwrap();
        assert_eq!(read()["units"][0]["active"], "inactive", "a file that was removed is written at the next change");
        file.write_outdated(now(5)).unwrap();
        file.write_outdated(now(6)).unwrap();
        assert_eq!(read()["outdated_since"], "2026-11-28T03:00:05Z");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no draft is left");
    }
}
