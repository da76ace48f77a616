//! The variables that systemd and execve take. Others are left out with a note.

use std::collections::BTreeMap;

use super::Rejection;

/// The largest variable, in bytes: name, `=` and value, without the NUL at the end (`MAX_ARG_STRLEN` of Linux).
pub const LARGEST: usize = 128 * 1024 - 1;

/// The limit of all variables, in bytes: half of the space that Linux gives to variables and arguments with the usual stack of
/// 8 MiB. The other half is left for the arguments of the programs of a step.
pub const SUM: usize = 1024 * 1024;

/// The space of a variable beside its name and its value: `=`, NUL, a pointer.
const OVERHEAD: usize = 10;

/// Variables that shells forbid to set, or read as a number. bash runs commands within such a number.
const OF_SHELLS: [&str; 21] = [
    "COLUMNS",
    "EGID",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "ERRNO",
    "EUID",
    "FUNCNEST",
    "GID",
    "HISTCMD",
    "HISTSIZE",
    "LINENO",
    "LINES",
    "MAILCHECK",
    "OPTIND",
    "PPID",
    "RANDOM",
    "SECONDS",
    "SHLVL",
    "SRANDOM",
    "TMOUT",
    "UID",
];

/// The variables of a step.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// The variables that are passed on.
    pub variables: BTreeMap<String, String>,
    /// A sentence for each variable that is left out.
    pub notes: Vec<String>,
}

/// The reason why systemd or execve would refuse a variable with this value.
pub fn value_problem(name: &str, value: &str) -> Option<Rejection> {
    let is_noncharacter = |c: &char| matches!(*c, '\u{fdd0}'..='\u{fdef}') || u32::from(*c) & 0xfffe == 0xfffe;
    if value.chars().any(|c| c.is_ascii_control() && !matches!(c, '\n' | '\t' | '\r')) {
        Some(Rejection::Control)
    } else if let Some(c) = value.chars().find(is_noncharacter) {
        Some(Rejection::Noncharacter(c))
    } else if value.contains('\r') && OF_SHELLS.contains(&name) {
        Some(Rejection::CarriageReturn)
    } else if name.len() + 1 + value.len() > LARGEST {
        Some(Rejection::Large)
    } else {
        None
    }
}

impl Environment {
    /// Leaves out the variables that would be refused; if all together are too large, the largest ones.
    pub fn new(all: BTreeMap<String, String>) -> Self {
        let mut found = Self::default();
        for (name, value) in all {
            match value_problem(&name, &value) {
                Some(rejection) => found.leave_out(&name, rejection),
                None => drop(found.variables.insert(name, value)),
            }
        }
        let size = |(name, value): (&String, &String)| name.len() + value.len() + OVERHEAD;
        let mut sum: usize = found.variables.iter().map(size).sum();
        while sum > SUM
            && let Some(largest) = found.variables.iter().max_by_key(|variable| size(*variable))
        {
            sum -= size(largest);
            let name = largest.0.clone();
            found.variables.remove(&name);
            found.leave_out(&name, Rejection::Sum);
        }
        found
    }

    fn leave_out(&mut self, name: &str, rejection: Rejection) {
        self.notes.push(format!("variable {name} was not passed on: it {rejection}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_would_end_the_step_is_named() {
        let large = "x".repeat(LARGEST - 2);
        let table: [(&str, &str, Option<Rejection>); 24] = [
            ("A", "", None),
            ("A", "two\nlines\tand $(more) `x` ' \" \\", None),
            ("A", "one\r\ntwo\r\n", None),
            ("A", "caf\u{e9} \u{1f680} \u{200b}\u{feff}\u{fffd}", None),
            ("A", "\u{85}\u{9b}31m", None),
            ("A", "\u{fdcf}\u{fdf0}\u{fffd}\u{1fffd}\u{10000}", None),
            ("A", "\u{e000}\u{f8ff}\u{10fffd}", None),
            ("A", &large, None),
            ("UID", "1000", None),
            ("A", "\u{1b}[31m", Some(Rejection::Control)),
            ("A", "a\0b", Some(Rejection::Control)),
            ("A", "\u{7f}", Some(Rejection::Control)),
            ("A", "\u{b}", Some(Rejection::Control)),
            ("A", "\u{fdd0}", Some(Rejection::Noncharacter('\u{fdd0}'))),
            ("A", "x\u{fdef}x", Some(Rejection::Noncharacter('\u{fdef}'))),
            ("A", "\u{fffe}", Some(Rejection::Noncharacter('\u{fffe}'))),
            ("A", "\u{ffff}", Some(Rejection::Noncharacter('\u{ffff}'))),
            ("A", "\u{1fffe}", Some(Rejection::Noncharacter('\u{1fffe}'))),
            ("A", "\u{8ffff}", Some(Rejection::Noncharacter('\u{8ffff}'))),
            ("A", "\u{10ffff}", Some(Rejection::Noncharacter('\u{10ffff}'))),
            ("AB", &large, Some(Rejection::Large)),
            ("UID", "x[$(id)]\r", Some(Rejection::CarriageReturn)),
            ("RANDOM", "\r\n", Some(Rejection::CarriageReturn)),
            ("SECONDS", "1\r", Some(Rejection::CarriageReturn)),
        ];
        for (name, value, expected) in table {
            assert_eq!(value_problem(name, value), expected, "{name}={value:.40?}");
        }
    }

    #[test]
    fn the_largest_variables_are_left_out_until_the_rest_fits() {
        let value = |length: usize| "x".repeat(length);
        let mut all: BTreeMap<String, String> = (0..12).map(|at| (format!("P{at:02}"), value(100_000 + at))).collect();
        all.insert("PATH".into(), "/bin".into());
        all.insert("BAD".into(), "\u{ffff}".into());
        let found = Environment::new(all);
        let names: Vec<&str> = found.variables.keys().map(String::as_str).collect();
        assert_eq!(names, ["P00", "P01", "P02", "P03", "P04", "P05", "P06", "P07", "P08", "P09", "PATH"]);
        assert_eq!(
            found.notes,
            [
                "variable BAD was not passed on: it holds U+FFFF, which is no character, and systemd takes no such value",
                "variable P11 was not passed on: it is one of the largest, and all variables together have more than \
                 1048576 bytes",
                "variable P10 was not passed on: it is one of the largest, and all variables together have more than \
                 1048576 bytes",
            ]
        );
    }
}
