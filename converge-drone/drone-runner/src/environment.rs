//! The rules for the environment of a step.
//!
//! The runner and its settings set variables; the parameters of a build and a pipeline may add others, and replace none.
//! Values are data: a value is never run. A variable that systemd or execve would refuse is left out, and named.

mod limits;
mod text;

use std::collections::BTreeMap;
use std::fmt;

pub use limits::{Environment, value_problem};
pub use text::quoted;

/// Names that only the runner sets. A shell or a loader reads some of them before the first command: with one of these a
/// parameter could run another command than the pipeline's, or end every step.
const RESERVED: [&str; 24] = [
    "PATH",
    "HOME",
    "SHELL",
    "USER",
    "LOGNAME",
    "PWD",
    "OLDPWD",
    "TMPDIR",
    "ENV",
    "ZDOTDIR",
    "IFS",
    "CDPATH",
    "PS4",
    "SHELLOPTS",
    "BASHOPTS",
    "OPTIND",
    "CI",
    "DRONE",
    "CREDENTIALS_DIRECTORY",
    "INVOCATION_ID",
    "NOTIFY_SOCKET",
    "MAINPID",
    "GLIBC_TUNABLES",
    "NETRC",
];
/// Prefixes of such names.
const RESERVED_PREFIXES: [&str; 8] = ["LD_", "DRONE_", "CI_", "BASH_", "SYSTEMD_", "LISTEN_", "GIT_CONFIG", "JOURNAL_"];

/// True for a name that every shell takes.
pub fn is_variable_name(name: &str) -> bool {
    name.len() <= 256
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// True if only the runner sets this variable.
pub fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    RESERVED.contains(&name.as_str()) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The reason why a variable is not passed on: the end of a sentence that begins with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The name is not valid.
    Name,
    /// The runner sets it.
    Reserved,
    /// The runner's configuration sets it.
    Settings,
    /// The value contains control characters.
    Control,
    /// The value contains a character that Unicode reserves, which systemd refuses.
    Noncharacter(char),
    /// The value contains a carriage return, and a shell reads this variable as a number or forbids to set it.
    CarriageReturn,
    /// The variable is larger than execve takes.
    Large,
    /// All variables together are larger than execve takes, and this is one of the largest.
    Sum,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("is no variable's name"),
            Self::Reserved => f.write_str("is set by the runner itself"),
            Self::Settings => f.write_str("is set by this runner's configuration"),
            Self::Control => f.write_str("holds control characters"),
            Self::Noncharacter(c) => {
                write!(f, "holds U+{:04X}, which is no character, and systemd takes no such value", u32::from(*c))
            }
            Self::CarriageReturn => f.write_str("holds a carriage return, and shells use the variable themselves"),
            Self::Large => write!(f, "has more than {} bytes, the limit of Linux for a variable", limits::LARGEST),
            Self::Sum => {
                write!(f, "is one of the largest, and all variables together have more than {} bytes", limits::SUM)
            }
        }
    }
}

/// Checks the name of a variable of a build or a pipeline.
pub fn check_name(name: &str, settings: &BTreeMap<String, String>) -> Result<(), Rejection> {
    if !is_variable_name(name) {
        Err(Rejection::Name)
    } else if is_reserved(name) {
        Err(Rejection::Reserved)
    } else if settings.contains_key(name) {
        Err(Rejection::Settings)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_run_other_commands_cannot_be_set() {
        let settings = BTreeMap::from([("ABRA_DIR".to_owned(), "/var/lib/abra".to_owned())]);
        let table = [
            ("RECIPE", Ok(())),
            ("message", Ok(())),
            ("UID", Ok(())),
            ("PATH", Err(Rejection::Reserved)),
            ("path", Err(Rejection::Reserved)),
            ("LD_PRELOAD", Err(Rejection::Reserved)),
            ("HOME", Err(Rejection::Reserved)),
            ("OPTIND", Err(Rejection::Reserved)),
            ("ZDOTDIR", Err(Rejection::Reserved)),
            ("DRONE_BUILD_NUMBER", Err(Rejection::Reserved)),
            ("BASH_ENV", Err(Rejection::Reserved)),
            ("BASH_XTRACEFD", Err(Rejection::Reserved)),
            ("BASH_FUNC_ls%%", Err(Rejection::Name)),
            ("CREDENTIALS_DIRECTORY", Err(Rejection::Reserved)),
            ("GIT_CONFIG_COUNT", Err(Rejection::Reserved)),
            ("ABRA_DIR", Err(Rejection::Settings)),
            ("a b", Err(Rejection::Name)),
            ("A=B", Err(Rejection::Name)),
            ("", Err(Rejection::Name)),
            ("1A", Err(Rejection::Name)),
            ("A\u{fdd0}", Err(Rejection::Name)),
        ];
        for (name, expected) in table {
            assert_eq!(check_name(name, &settings), expected, "{name}");
        }
    }
}
