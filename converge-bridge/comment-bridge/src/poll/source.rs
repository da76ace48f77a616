//! The sources of pull requests.

use std::fmt;

use base::error::one_line;
use http::Error;
use http::gitea::Scope;
use http::names::Repository;

use crate::settings::{Organisation, Settings};

/// A source that is read as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The repositories of an organisation.
    Organisation(Organisation),
    /// One repository.
    Repository(Repository),
}

impl Source {
    /// The scope of a search for its pull requests.
    pub fn scope(&self) -> Scope<'_> {
        match self {
            Self::Organisation(organisation) => Scope::Owner(&organisation.name),
            Self::Repository(repository) => Scope::Repository(repository),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organisation(organisation) => write!(f, "org:{}", organisation.name),
            Self::Repository(repository) => write!(f, "repo:{repository}"),
        }
    }
}

/// Everything that is watched, each once.
pub fn all(settings: &Settings) -> Vec<Source> {
    let mut all: Vec<Source> = Vec::new();
    let organisations = settings.organisations.iter().cloned().map(Source::Organisation);
    let repositories = settings.repositories.iter().cloned().map(Source::Repository);
    for source in organisations.chain(repositories) {
        if !all.iter().any(|other| other.to_string().eq_ignore_ascii_case(&source.to_string())) {
            all.push(source);
        }
    }
    all
}

/// Why a source cannot be read, and what to do about it.
pub fn problem(source: &Source, error: &Error) -> String {
    let is_unknown = matches!(error, Error::NotFound { .. } | Error::Rejected { status: 400, .. });
    match source {
        _ if !is_unknown => one_line(error),
        Source::Organisation(organisation) => format!(
            "Gitea knows no organisation `{}`, or shows it to members only; check `organisations`, and that the bot is a \
             member of it",
            organisation.name
        ),
        Source::Repository(repository) => format!(
            "Gitea knows no repository `{repository}` that the bot may see, or it has no pull requests; check \
             `repositories` and the bot's rights"
        ),
    }
}
