//! What is watched.

use common::http::Error;
use wildmatch::WildMatch;

use crate::server::gitea::{Source, told};
use crate::server::names::Repository;
use crate::server::settings::{Organisation, Settings};

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

/// Whether comments on a repository's pull requests count.
pub fn watches(settings: &Settings, repository: &Repository) -> bool {
    all(settings).iter().any(|source| has(source, repository, settings))
}

/// Whether a repository belongs to a source. The CI repository belongs to none: it would test itself by itself.
pub fn has(source: &Source, repository: &Repository, settings: &Settings) -> bool {
    let is_in = match source {
        Source::Organisation(organisation) => is_in(organisation, repository),
        Source::Repository(one) => is_same(one, repository),
    };
    is_in && !is_same(&settings.repository, repository)
}

fn is_in(organisation: &Organisation, repository: &Repository) -> bool {
    let fits = |pattern: &String| WildMatch::new_case_insensitive(pattern).matches(repository.name());
    organisation.name.eq_ignore_ascii_case(repository.owner())
        && organisation.include.iter().any(fits)
        && !organisation.exclude.iter().any(fits)
}

/// Gitea knows no case in names.
pub fn is_same(one: &Repository, other: &Repository) -> bool {
    one.owner().eq_ignore_ascii_case(other.owner()) && one.name().eq_ignore_ascii_case(other.name())
}

/// Why a source cannot be read, and what to do about it.
pub fn problem(source: &Source, error: &Error) -> String {
    let is_unknown = matches!(error, Error::NotFound { .. } | Error::Rejected { status: 400, .. });
    match source {
        _ if !is_unknown => told(error),
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
