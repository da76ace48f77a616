//! An app: a recipe under a domain, as its `.env` file says.

use std::fs;
use std::path::PathBuf;

use crate::compose::Compose;
use crate::directory;
use crate::env_file::{EnvFile, with_version};
use crate::expand::Env;
use crate::fatal::Fatal;
use crate::recipe::Recipe;

/// Longest stack name that abra makes of a domain, in characters.
const LONGEST_NAME: usize = 45;

#[derive(Debug)]
pub struct App {
    pub domain: String,
    pub server: String,
    pub path: PathBuf,
    pub env: EnvFile,
    pub recipe: Recipe,
    /// Version that the `.env` names.
    pub version: Option<String>,
    pub stack: String,
}

impl App {
    pub fn find(domain: &str) -> Result<Self, Fatal> {
        for server in directory::server_names()? {
            let path = directory::servers().join(&server).join(format!("{domain}.env"));
            if path.is_file() {
                return Self::read(domain, &server, path);
            }
        }
        Err(Fatal::new(format!("cannot find app with name {domain}")))
    }

    fn read(domain: &str, server: &str, path: PathBuf) -> Result<Self, Fatal> {
        let text = fs::read_to_string(&path).map_err(Fatal::when(path.display()))?;
        let mut env = EnvFile::parse(&text)?;
        let named = env.values.get("RECIPE").or_else(|| env.values.get("TYPE"));
        let named = named.ok_or_else(|| Fatal::new(format!("{domain} is missing the TYPE env var?")))?;
        let (recipe, version) = match named.split_once(':') {
            Some((recipe, version)) => (recipe, Some(version.to_owned()).filter(|version| !version.is_empty())),
            None => (named.as_str(), None),
        };
        let recipe = Recipe::named(recipe)?;
        let stack = env.values.get("STACK_NAME").filter(|name| !name.is_empty()).cloned();
        let stack = stack.unwrap_or_else(|| stack_name(domain));
        env.values.insert("STACK_NAME".to_owned(), stack.clone());
        Ok(Self { domain: domain.to_owned(), server: server.to_owned(), path, env, recipe, version, stack })
    }

    /// `app config`: the real abra starts an editor, which no test can drive.
    pub fn edit(&self) -> Result<(), Fatal> {
        Err(Fatal::new(format!("no editor is started for {}: write the file", self.path.display())))
    }

    /// Writes the version behind the recipe's name in the `.env` file, by rename.
    pub fn write_version(&self, version: &str) -> Result<(), Fatal> {
        let text = fs::read_to_string(&self.path).map_err(Fatal::when(self.path.display()))?;
        let new = with_version(&text, &self.recipe.name, version);
        if new == text {
            return Ok(());
        }
        fs::write(&self.path, new).map_err(Fatal::when(self.path.display()))
    }

    /// The `.env` values with what `abra.sh` exports.
    pub fn full_env(&self) -> Env {
        let mut env = self.env.values.clone();
        env.extend(self.recipe.exports());
        env
    }

    /// The compose files that the `.env` names, as they are checked out.
    pub fn compose(&self) -> Result<Compose, Fatal> {
        let files = self.env.values.get("COMPOSE_FILE").filter(|files| !files.is_empty());
        let files = files.map_or("compose.yml", String::as_str).split(':').filter(|file| !file.is_empty());
        let paths: Vec<PathBuf> = files.map(|file| self.recipe.folder.join(file)).collect();
        Compose::read(&paths)
    }
}

/// The stack of a domain: no dots, and not too long.
pub fn stack_name(domain: &str) -> String {
    let name: String = domain.replace('.', "_").chars().take(LONGEST_NAME).collect();
    name.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_domains_make_short_stacks() {
        assert_eq!(stack_name("traefik.ci.example.org"), "traefik_ci_example_org");
        let long = stack_name("an-app-with-a-very-long-name-indeed-abcdefgh.example.org");
        assert_eq!(long, "an-app-with-a-very-long-name-indeed-abcdefgh");
    }
}
