//! An app's `.env`: values, and the modifiers in the comments after them.

use std::collections::BTreeMap;

use crate::expand::{Env, expand};

/// Content of a `.env` file.
#[derive(Debug, Default)]
pub struct EnvFile {
    pub values: Env,
    /// `SECRET_X_VERSION=v1 # length=32` gives `length` → `32` for that key.
    pub modifiers: BTreeMap<String, Env>,
}

impl EnvFile {
    /// Reads values in order: a later line may use an earlier value, also of the same key, and replaces it.
    pub fn parse(text: &str) -> Self {
        let mut file = Self::default();
        for line in text.lines() {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let Some((key, rest)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
            let (value, comment) = value(rest.trim(), &file.values);
            file.values.insert(key.trim().to_owned(), value);
            let modifiers = comment.split_whitespace().filter_map(|word| word.split_once('='));
            let modifiers: Env = modifiers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            file.modifiers.insert(key.trim().to_owned(), modifiers);
        }
        file
    }

    /// The keys that a `.env.sample` sets.
    pub fn keys(text: &str) -> Vec<String> {
        Self::parse(text).values.into_keys().collect()
    }
}

/// A value and the comment after it.
fn value(text: &str, env: &Env) -> (String, String) {
    for (quote, expands) in [('"', true), ('\'', false)] {
        if let Some((inside, after)) = text.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            let value = if expands { expand(inside, env) } else { inside.to_owned() };
            return (value, comment(after));
        }
    }
    match text.find(" #").or_else(|| text.starts_with('#').then_some(0)) {
        Some(at) => (expand(text[..at].trim_end(), env), comment(&text[at..])),
        None => (expand(text, env), String::new()),
    }
}

fn comment(text: &str) -> String {
    text.trim_start().trim_start_matches('#').trim().to_owned()
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
        );
        let get = |key: &str| file.values[key].as_str();
        assert_eq!(get("COMPOSE_FILE"), "compose.yml:compose.x.yml");
        assert_eq!(get("SECRET_TOKEN_VERSION"), "v1");
        assert_eq!(file.modifiers["SECRET_TOKEN_VERSION"]["length"], "32");
        assert_eq!(file.modifiers["SECRET_TOKEN_VERSION"]["charset"], "hex");
        assert_eq!((get("SINGLE"), get("EMPTY"), get("EMPTY_NOTE"), get("HASH")), ("$A # b", "", "", "a#b"));
        assert!(!file.values.contains_key("A"));
    }

    #[test]
    fn a_version_is_written_behind_the_name_and_nowhere_else() {
        let text = "# TYPE=x\nTYPE=hello\nA=TYPE\nTYPE=again";
        assert_eq!(with_version(text, "hello", "1.0.0+1"), "# TYPE=x\nTYPE=hello:1.0.0+1\nA=TYPE\nTYPE=again");
    }
}
