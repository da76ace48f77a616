//! What a step finds in its environment, and who may set what.
//!
//! The runner's own variables come first, then those of the settings; a build's parameters and a pipeline can add to
//! them and replace none. Values are data: they never come near a shell's line.

mod drone;
mod file;

use std::collections::BTreeMap;

pub use drone::drone;
pub use file::file;

/// Names that only the runner sets, and beginnings of such names. What a shell or a loader reads before the first
/// command runs is among them: it would be a way to run another command than the pipeline's.
const OURS: [&str; 23] = [
    "PATH",
    "HOME",
    "SHELL",
    "USER",
    "LOGNAME",
    "PWD",
    "OLDPWD",
    "TMPDIR",
    "ENV",
    "BASH_ENV",
    "IFS",
    "CDPATH",
    "PS4",
    "SHELLOPTS",
    "BASHOPTS",
    "CI",
    "DRONE",
    "CREDENTIALS_DIRECTORY",
    "INVOCATION_ID",
    "NOTIFY_SOCKET",
    "MAINPID",
    "GLIBC_TUNABLES",
    "NETRC",
];
const OUR_BEGINNINGS: [&str; 8] =
    ["LD_", "DRONE_", "CI_", "BASH_FUNC_", "SYSTEMD_", "LISTEN_", "GIT_CONFIG", "JOURNAL_"];

/// Whether a variable may have this name: what every shell takes.
pub fn is_name(name: &str) -> bool {
    name.len() <= 256
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a variable may have this value: what systemd takes.
pub fn is_value(value: &str) -> bool {
    !value.chars().any(|c| c.is_control() && c != '\n' && c != '\t')
}

/// Whether the variable is set by the runner and nobody else.
pub fn is_ours(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    OURS.contains(&name.as_str()) || OUR_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// Why a variable is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is no name.
    Name,
    /// It is set by the runner.
    Ours,
    /// It is set by the runner's configuration.
    Settings,
    /// Its value holds control characters.
    Value,
}

impl Refused {
    /// Why, as the end of a sentence that begins with the variable's name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Name => "is no variable's name",
            Self::Ours => "is set by the runner itself",
            Self::Settings => "is set by this runner's configuration",
            Self::Value => "holds control characters",
        }
    }
}

/// Whether somebody else than the runner and its settings may set the variable so.
pub fn check(name: &str, value: &str, settings: &BTreeMap<String, String>) -> Result<(), Refused> {
    if !is_name(name) {
        Err(Refused::Name)
    } else if is_ours(name) {
        Err(Refused::Ours)
    } else if settings.contains_key(name) {
        Err(Refused::Settings)
    } else if !is_value(value) {
        Err(Refused::Value)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_run_other_commands_cannot_be_set() {
        let settings = BTreeMap::from([("ABRA_DIR".to_owned(), "/var/lib/abra".to_owned())]);
        let table = [
            ("RECIPE", "hedgedoc", Ok(())),
            ("MESSAGE", "two\nlines\tand $(more) `x` ' \"", Ok(())),
            ("message", "x", Ok(())),
            ("PATH", "/tmp", Err(Refused::Ours)),
            ("path", "/tmp", Err(Refused::Ours)),
            ("LD_PRELOAD", "x.so", Err(Refused::Ours)),
            ("HOME", "/", Err(Refused::Ours)),
            ("DRONE_BUILD_NUMBER", "1", Err(Refused::Ours)),
            ("BASH_ENV", "/tmp/x", Err(Refused::Ours)),
            ("BASH_FUNC_ls%%", "() { id; }", Err(Refused::Name)),
            ("CREDENTIALS_DIRECTORY", "/tmp", Err(Refused::Ours)),
            ("GIT_CONFIG_COUNT", "1", Err(Refused::Ours)),
            ("ABRA_DIR", "/tmp", Err(Refused::Settings)),
            ("a b", "x", Err(Refused::Name)),
            ("A=B", "x", Err(Refused::Name)),
            ("", "x", Err(Refused::Name)),
            ("1A", "x", Err(Refused::Name)),
            ("RED", "\u{1b}[31m", Err(Refused::Value)),
            ("NUL", "a\0b", Err(Refused::Value)),
        ];
        for (name, value, expected) in table {
            assert_eq!(check(name, value, &settings), expected, "{name}={value:?}");
        }
    }
}
