//! Names in Gitea: a repository, a pull request.

use std::fmt;
use std::str::FromStr;

use base::address::shown;
use serde::{Deserialize, Serialize};

/// The longest login that is accepted, in bytes.
pub(crate) const LONGEST_LOGIN: usize = 255;

/// `owner/name`, with the characters that Gitea allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository {
    owner: String,
    name: String,
}

/// A text that is no `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no repository's name (owner/name)", .0.escape_debug())]
pub struct NotARepository(String);

impl Repository {
    /// The user or organisation that owns it.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name without the owner: the recipe's.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Repository {
    type Err = NotARepository;

    fn from_str(text: &str) -> Result<Self, NotARepository> {
        let is_name = |part: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !part.is_empty() && part.len() <= 100 && !matches!(part, "." | "..") && part.chars().all(plain)
        };
        match text.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => {
                Ok(Self { owner: owner.into(), name: name.into() })
            }
            // An operator may have written the address instead, with a login in it.
            _ => Err(NotARepository(shown(&text.chars().take(200).collect::<String>()))),
        }
    }
}

impl TryFrom<String> for Repository {
    type Error = NotARepository;

    fn try_from(text: String) -> Result<Self, NotARepository> {
        text.parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pull {
    /// The repository.
    pub repository: Repository,
    /// The number.
    pub number: i64,
}

impl fmt::Display for Pull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repository, self.number)
    }
}

/// True if a text can be a login and is one plain segment of a path. Accounts of older versions and of other directories
/// have mail addresses, blanks and `~` in it.
pub fn is_login(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_.@~+' ".contains(c);
    !text.is_empty()
        && text.len() <= LONGEST_LOGIN
        && !matches!(text, "." | "..")
        && text.trim() == text
        // A mention, not a login.
        && !text.starts_with('@')
        && text.chars().all(plain)
}

/// True if a repository's name can be a recipe's: programs get it as an argument, so it must not look like an option.
pub fn is_recipe(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
}
