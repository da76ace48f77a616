//! An app's `.env`: values, and the modifiers in the comments after them.

use std::collections::BTreeMap;

use recipe::env_file;

use crate::expand::Env;
use crate::fatal::Fatal;

/// Content of a `.env` file.
#[derive(Debug, Default)]
pub struct EnvFile {
    pub values: Env,
    /// `SECRET_X_VERSION=v1 # length=32` gives `length` → `32` for that key.
    pub modifiers: BTreeMap<String, Env>,
}

impl EnvFile {
    /// Reads the values as abra's parser does; tests/contract holds those to the parser. A file with a line that it cannot
    /// read has none.
    pub fn parse(text: &str) -> Result<Self, Fatal> {
        let read = env_file::EnvFile::parse(text.as_bytes());
        if let Some(odd) = read.odd_lines().first() {
            return Err(Fatal::new(format!("unable to read the env file: line {}", odd.line)));
        }
        let mut file = Self { values: read.values(), ..Self::default() };
        for line in text.lines() {
            let Some((key, rest)) = line.split_once('=') else { continue };
            let comment = rest.rsplit_once(" #").map_or("", |(_, comment)| comment);
            let modifiers = comment.split_whitespace().filter_map(|word| word.split_once('='));
            let modifiers: Env = modifiers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            file.modifiers.insert(key.trim().to_owned(), modifiers);
        }
        Ok(file)
    }

    /// The keys that a `.env.sample` sets.
    pub fn keys(text: &str) -> Vec<String> {
        env_file::EnvFile::parse(text.as_bytes()).values().into_keys().collect()
    }
}

/// The text with the recipe's version appended to the recipe's name.
pub fn with_version(text: &str, recipe: &str, version: &str) -> String {
    let mut done = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        let key = body.split('=').next().unwrap_or_default();
        if done || !matches!(key, "TYPE" | "RECIPE") {
            return line.to_owned();
        }
        done = true;
        format!("{key}={recipe}:{version}{end}")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_the_recipes_write_them() {
        let file = EnvFile::parse(
            "TYPE=traefik:1.0.0+v1\n\n# A=1\nCOMPOSE_FILE=\"compose.yml\"\nCOMPOSE_FILE=\"$COMPOSE_FILE:compose.x.yml\"\n\
             SECRET_TOKEN_VERSION=v1 # length=32 charset=hex\nSINGLE='$A # b'\nEMPTY=\nEMPTY_NOTE= # nothing\nHASH=a#b\r\n",
        )
        .unwrap();
        let get = |key: &str| file.values[key].as_str();
        assert_eq!(get("COMPOSE_FILE"), "compose.yml:compose.x.yml");
        assert_eq!(get("SECRET_TOKEN_VERSION"), "v1");
        assert_eq!(file.modifiers["SECRET_TOKEN_VERSION"]["length"], "32");
        assert_eq!(file.modifiers["SECRET_TOKEN_VERSION"]["charset"], "hex");
        assert_eq!((get("SINGLE"), get("EMPTY"), get("EMPTY_NOTE"), get("HASH")), ("$A # b", "", "# nothing", "a#b"));
        assert!(!file.values.contains_key("A"));
    }

    #[test]
    fn a_version_is_written_behind_the_name_and_nowhere_else() {
        let text = "# TYPE=x\nTYPE=hello\nA=TYPE\nTYPE=again";
        assert_eq!(with_version(text, "hello", "1.0.0+1"), "# TYPE=x\nTYPE=hello:1.0.0+1\nA=TYPE\nTYPE=again");
    }
}
