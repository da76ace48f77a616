//! The settings that every piece with a service of ours has, and their problems.

use std::path::{Component, Path, PathBuf};

use base::address::{Probe, domain_setting_problem, shown};
use base::configuration::Problem;

/// The least memory of a service, in MiB.
const LEAST_MEMORY: u32 = 32;
/// The greatest sensible memory of a service, in MiB.
const MOST_MEMORY: u32 = 16 * 1024;
/// The largest id that Linux gives an account.
const LARGEST_ID: u32 = i32::MAX.unsigned_abs();

/// The settings of a service. Directories and files have the names of the piece's own settings.
#[derive(Debug, Clone, Copy)]
pub struct ServiceSettings<'a> {
    /// `domain`, and a valid one for the hint.
    pub domain: (&'a str, &'a str),
    /// `image`, the archive.
    pub image: &'a Path,
    /// The directories to mount, each apart from the others: it has another owner or other readers.
    pub directories: &'a [(&'a str, &'a Path)],
    /// The files to mount.
    pub files: &'a [(&'a str, &'a Path)],
    /// `user`, and the default for the hint.
    pub user: (&'a str, &'a str),
    /// `memory_mib`.
    pub memory_mib: u32,
    /// `probe`.
    pub probe: &'a Probe,
}

impl ServiceSettings<'_> {
    /// Returns the problems that the types cannot exclude.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(domain_setting_problem(self.domain.0, self.domain.1));
        let paths = [("image", self.image)];
        let paths = paths.iter().chain(self.directories).chain(self.files);
        problems.extend(paths.filter_map(|(at, path)| path_problem(at, path)));
        problems.extend(self.shared_directory_problem());
        problems.extend(self.user_problem());
        problems.extend(self.memory_problem());
        problems.extend(self.probe.problem());
        problems
    }

    /// Names the later of two directories that are not apart.
    fn shared_directory_problem(&self) -> Option<Problem> {
        let pairs = self.directories.iter().enumerate();
        let mut pairs =
            pairs.flat_map(|(nth, later)| self.directories[..nth].iter().map(move |earlier| (later, earlier)));
        let ((at, path), (other, _)) =
            pairs.find(|((_, one), (_, other))| one.starts_with(other) || other.starts_with(one))?;
        let message = format!("is {}, which is not apart from {other}", shown(&path.display().to_string()));
        Some(Problem::new(*at, message, "give it a directory of its own"))
    }

    fn user_problem(&self) -> Option<Problem> {
        let (given, default) = self.user;
        let hint = format!("write the numbers of an account and a group of its own, such as {default}");
        let is_id = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_digit())
                && text.parse::<u32>().is_ok_and(|id| (1..=LARGEST_ID).contains(&id) && id.to_string() == text)
        };
        match given.split_once(':') {
            Some((user, group)) if is_id(user) && is_id(group) => None,
            Some(("0", _) | (_, "0")) => Some(Problem::new("user", format!("is `{given}`, root"), hint)),
            _ => Some(Problem::new("user", format!("is `{given}`, not uid:gid in numbers"), hint)),
        }
    }

    fn memory_problem(&self) -> Option<Problem> {
        let message = || format!("is {}, which is not between {LEAST_MEMORY} and {MOST_MEMORY}", self.memory_mib);
        let is_wrong = !(LEAST_MEMORY..=MOST_MEMORY).contains(&self.memory_mib);
        is_wrong.then(|| Problem::new("memory_mib", message(), "leave it out, or give more where the service needs it"))
    }
}

/// A path for a mount must be absolute and plain: Docker changes or rejects any other.
fn path_problem(at: &str, path: &Path) -> Option<Problem> {
    let shown = path.display();
    let is_plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let (why, hint) = if !path.is_absolute() {
        ("which is not absolute", "write the whole path")
    } else if !is_plain || path.as_os_str().len() != path.components().collect::<PathBuf>().as_os_str().len() {
        ("which is no plain path", "write it without `..`, `.` and empty parts")
    } else if path.parent().is_none() {
        ("the root of everything", "name what is below it")
    } else if path.to_string_lossy().chars().any(char::is_control) {
        ("which holds control characters", "leave them out")
    } else {
        return None;
    };
    Some(Problem::new(at, format!("is {shown}, {why}"), hint))
}
