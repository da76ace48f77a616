//! Reads the settings from a file or the environment.

use std::path::Path;

use base::configuration::{Error, Reader};

use super::Settings;

/// The environment variable of the settings, read when no file is named.
pub const VARIABLE: &str = "COMMENT_BRIDGE_SETTINGS";

const READER: Reader = Reader {
    document: ("settings", "are"),
    missing: "converge-bridge sets it for the service; by hand, name a file with --settings",
    unreadable: "name a readable file with --settings",
    malformed: "converge-bridge writes $COMMENT_BRIDGE_SETTINGS; a hand-made one needs the same keys and types",
};

impl Settings {
    /// Reads the settings from a file, else from the environment variable, and checks all of them.
    pub fn read(file: Option<&Path>) -> Result<Self, Error> {
        match file {
            Some(path) => Ok(READER.file(path, Self::problems)?.0),
            None => READER.variable(VARIABLE, Self::problems),
        }
    }
}
