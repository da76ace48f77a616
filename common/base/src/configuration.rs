//! The configuration of a program, a JSON document in a file or an environment variable. [`Reader`] checks all of it
//! before anything else happens.

use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::error::{Class, Explain};

/// One mistake in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting: `networks.proxy.subnet`.
    pub at: String,
    /// The mistake, as a predicate: `is not a network address`.
    pub message: String,
    /// The remedy.
    pub hint: String,
}

impl Problem {
    /// A mistake in the setting `at`.
    pub fn new(at: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.message)
    }
}

/// The place of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// An environment variable, by its name.
    Variable(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Variable(name) => write!(f, "${name}"),
        }
    }
}

/// Reads the configuration of one program. The fields are that program's words for errors and hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// The name of the document and its verb: `configuration` `is`, `settings` `are`.
    pub document: (&'static str, &'static str),
    /// The hint for a variable that is not set.
    pub missing: &'static str,
    /// The hint for a file that cannot be read.
    pub unreadable: &'static str,
    /// The hint for a document of the wrong shape.
    pub malformed: &'static str,
}

/// The reason why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The variable is not set or is blank.
    #[error("there {} no {}: ${variable} is not set", reader.document.1, reader.document.0)]
    Missing {
        /// The variable.
        variable: &'static str,
        /// The program's words.
        reader: &'static Reader,
    },
    /// The file cannot be read.
    #[error("cannot read the {} {origin}", reader.document.0)]
    Read {
        /// The file.
        origin: Origin,
        /// The program's words.
        reader: &'static Reader,
        /// The error of the system.
        source: io::Error,
    },
    /// The document is not JSON of the right shape.
    #[error("the {} {origin} {} wrong{}", reader.document.0, reader.document.1, at(place))]
    Shape {
        /// The place of the document.
        origin: Origin,
        /// The program's words.
        reader: &'static Reader,
        /// The place within the document.
        place: String,
        /// The mistake.
        source: serde_json::Error,
    },
    /// The values do not make sense.
    #[error("the {} {origin} {} wrong: {}", reader.document.0, reader.document.1, join(problems, ToString::to_string))]
    Values {
        /// The place of the document.
        origin: Origin,
        /// The program's words.
        reader: &'static Reader,
        /// All mistakes.
        problems: Vec<Problem>,
    },
}

fn at(place: &str) -> String {
    if place == "." || place.is_empty() { String::new() } else { format!(" at {place}") }
}

fn join(problems: &[Problem], text: impl Fn(&Problem) -> String) -> String {
    problems.iter().map(text).collect::<Vec<_>>().join("; ")
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { reader, .. } => reader.missing.into(),
            Self::Read { reader, .. } => reader.unreadable.into(),
            Self::Shape { reader, .. } => reader.malformed.into(),
            Self::Values { problems, .. } => join(problems, |problem| problem.hint.clone()),
        })
    }
}

impl Reader {
    /// The reader of a program with the flags `--config` and `--schema`.
    pub const OF_CONFIG: Self = Self {
        document: ("configuration", "is"),
        missing: "name a file with --config",
        unreadable: "name the file with --config",
        malformed: "--schema prints what a configuration may contain",
    };

    /// Reads the file at `path` and checks all of it by its types and by `problems`. Returns its bytes too.
    pub fn file<D: DeserializeOwned>(
        &'static self,
        path: &Path,
        problems: impl FnOnce(&D) -> Vec<Problem>,
    ) -> Result<(D, Vec<u8>), Error> {
        let origin = Origin::File(path.into());
        match fs::read_to_string(path) {
            Ok(text) => Ok((self.check(origin, &text, problems)?, text.into_bytes())),
            Err(source) => Err(Error::Read { origin, reader: self, source }),
        }
    }

    /// Reads the environment variable `name` and checks all of it by its types and by `problems`.
    pub fn variable<D: DeserializeOwned>(
        &'static self,
        name: &'static str,
        problems: impl FnOnce(&D) -> Vec<Problem>,
    ) -> Result<D, Error> {
        match env::var(name) {
            Ok(text) if !text.trim().is_empty() => self.check(Origin::Variable(name), &text, problems),
            _ => Err(Error::Missing { variable: name, reader: self }),
        }
    }

    fn check<D: DeserializeOwned>(
        &'static self,
        origin: Origin,
        text: &str,
        problems: impl FnOnce(&D) -> Vec<Problem>,
    ) -> Result<D, Error> {
        let mut json = serde_json::Deserializer::from_str(text);
        let shape = |place: String, source| Error::Shape { origin: origin.clone(), reader: self, place, source };
        let declared: D = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| shape(error.path().to_string(), error.into_inner()))?;
        json.end().map_err(|source| shape(".".into(), source))?;
        let problems = problems(&declared);
        if problems.is_empty() { Ok(declared) } else { Err(Error::Values { origin, reader: self, problems }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Explained;

    const SETTINGS: Reader =
        Reader { document: ("settings", "are"), missing: "set it", unreadable: "read", malformed: "shape" };

    fn of_text(reader: &'static Reader, text: &str) -> Result<u8, Error> {
        let odd = |number: &u8| (number % 2 == 1).then(|| Problem::new("number", "is odd", "add 1"));
        reader.check(Origin::Variable("EXAMPLE"), text, |number| odd(number).into_iter().collect())
    }

    #[test]
    fn each_mistake_is_named_in_the_words_of_the_program() {
        assert_eq!(of_text(&SETTINGS, "2").unwrap(), 2);
        for (reader, text, message) in [
            (&SETTINGS, "{", "the settings $EXAMPLE are wrong"),
            (&SETTINGS, "2 2", "the settings $EXAMPLE are wrong"),
            (&SETTINGS, "3", "the settings $EXAMPLE are wrong: number is odd"),
            (&Reader::OF_CONFIG, "3", "the configuration $EXAMPLE is wrong: number is odd"),
        ] {
            let explained = Explained::new(&of_text(reader, text).unwrap_err());
            assert_eq!(explained.message, message);
            assert_eq!(explained.class, Class::Configuration);
            assert_eq!(explained.hint.as_deref(), Some(if text == "3" { "add 1" } else { reader.malformed }));
        }
    }

    #[test]
    fn a_document_that_is_not_there_has_its_hint() {
        let none = |_: &u8| Vec::new();
        let missing = Explained::new(&SETTINGS.variable("CONVERGE_CI_TEST_NOT_SET", none).unwrap_err());
        assert_eq!(missing.message, "there are no settings: $CONVERGE_CI_TEST_NOT_SET is not set");
        assert_eq!(missing.hint.as_deref(), Some(SETTINGS.missing));
        let absent = Explained::new(&Reader::OF_CONFIG.file(Path::new("/absent.json"), none).unwrap_err());
        assert_eq!(absent.message, "cannot read the configuration /absent.json");
        assert_eq!(absent.hint.as_deref(), Some("name the file with --config"));
    }
}
