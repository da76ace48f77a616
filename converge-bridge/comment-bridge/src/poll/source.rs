//! The sources of pull requests.

use std::fmt;

use base::error::one_line;
use http::Error;
use http::gitea::Scope;
use http::names::Repository;

use crate::settings::{Organisation, Settings, source_of_repository};

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
            Self::Organisation(organisation) => f.write_str(&organisation.source()),
            Self::Repository(repository) => f.write_str(&source_of_repository(repository)),
        }
    }
}

/// Returns every watched source once.
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

/// The problem of a source that cannot be read, with a hint.
pub fn problem(source: &Source, error: &Error) -> String {
    let is_unknown = matches!(error, Error::NotFound { .. } | Error::Rejected { status: 400, .. });
    match source {
        _ if !is_unknown => one_line(error),
        Source::Organisation(organisation) => format!(
            "Gitea does not show the organisation `{}`; check `organisations`, and that the bot is a member of it",
            organisation.name
        ),
        Source::Repository(repository) => format!(
            "Gitea does not show the repository `{repository}` or its pull requests; check `repositories` and the bot's \
             rights"
        ),
    }
}
