//! The rules for the environment of a step, and its file.
//!
//! The runner and its settings set variables; the parameters of a build and a pipeline may add others, and replace none.
//! Values are data: no value becomes part of a script.

use std::collections::BTreeMap;

/// Names that only the runner sets. A shell or a loader reads some of them before the first command: with one of these a
/// parameter could run another command than the pipeline's.
const RESERVED: [&str; 23] = [
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
/// Prefixes of such names.
const RESERVED_PREFIXES: [&str; 8] =
    ["LD_", "DRONE_", "CI_", "BASH_FUNC_", "SYSTEMD_", "LISTEN_", "GIT_CONFIG", "JOURNAL_"];

/// True for a name that every shell takes.
pub fn is_variable_name(name: &str) -> bool {
    name.len() <= 256
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// True for a value that systemd takes.
pub fn is_variable_value(value: &str) -> bool {
    !value.chars().any(|c| c.is_control() && c != '\n' && c != '\t')
}

/// True if only the runner sets this variable.
pub fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    RESERVED.contains(&name.as_str()) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The reason why a variable is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The name is not valid.
    Name,
    /// The runner sets it.
    Reserved,
    /// The runner's configuration sets it.
    Settings,
    /// The value contains control characters.
    Value,
}

impl Rejection {
    /// The end of a sentence that begins with the variable's name.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Name => "is no variable's name",
            Self::Reserved => "is set by the runner itself",
            Self::Settings => "is set by this runner's configuration",
            Self::Value => "holds control characters",
        }
    }
}

/// Checks a variable of a build or a pipeline.
pub fn check_variable(name: &str, value: &str, settings: &BTreeMap<String, String>) -> Result<(), Rejection> {
    if !is_variable_name(name) {
        Err(Rejection::Name)
    } else if is_reserved(name) {
        Err(Rejection::Reserved)
    } else if settings.contains_key(name) {
        Err(Rejection::Settings)
    } else if !is_variable_value(value) {
        Err(Rejection::Value)
    } else {
        Ok(())
    }
}

/// The text of an `EnvironmentFile=` with checked variables. A file, because every user of the bus may read the environment
/// that is set on a unit.
pub fn environment_file(variables: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, value) in variables {
        text.push_str(name);
        text.push_str("=\"");
        for c in value.chars() {
            if matches!(c, '"' | '\\' | '`' | '$') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push_str("\"\n");
    }
    text
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
            ("PATH", "/tmp", Err(Rejection::Reserved)),
            ("path", "/tmp", Err(Rejection::Reserved)),
            ("LD_PRELOAD", "x.so", Err(Rejection::Reserved)),
            ("HOME", "/", Err(Rejection::Reserved)),
            ("DRONE_BUILD_NUMBER", "1", Err(Rejection::Reserved)),
            ("BASH_ENV", "/tmp/x", Err(Rejection::Reserved)),
            ("BASH_FUNC_ls%%", "() { id; }", Err(Rejection::Name)),
            ("CREDENTIALS_DIRECTORY", "/tmp", Err(Rejection::Reserved)),
            ("GIT_CONFIG_COUNT", "1", Err(Rejection::Reserved)),
            ("ABRA_DIR", "/tmp", Err(Rejection::Settings)),
            ("a b", "x", Err(Rejection::Name)),
            ("A=B", "x", Err(Rejection::Name)),
            ("", "x", Err(Rejection::Name)),
            ("1A", "x", Err(Rejection::Name)),
            ("RED", "\u{1b}[31m", Err(Rejection::Value)),
            ("NUL", "a\0b", Err(Rejection::Value)),
        ];
        for (name, value, expected) in table {
            assert_eq!(check_variable(name, value, &settings), expected, "{name}={value:?}");
        }
    }

    #[test]
    fn special_characters_do_not_end_a_value() {
        let variables = BTreeMap::from([
            ("A".to_owned(), "plain".to_owned()),
            ("B".to_owned(), "a \"b\" $c `d` \\n ' # ;\nC=injected".to_owned()),
        ]);
        assert_eq!(
            environment_file(&variables),
            "A=\"plain\"\nB=\"a \\\"b\\\" \\$c \\`d\\` \\\\n ' # ;\nC=injected\"\n"
        );
    }
}
