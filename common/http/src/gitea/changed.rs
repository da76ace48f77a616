//! The search for changed pull requests.

use crate::{Answer, Entries, Error};
use jiff::Timestamp;
use reqwest::Method;

use super::wire::WireEntry;
use super::{Entry, Gitea, not_understood};
use crate::Begin;
use crate::names::{Pull, Repository};

/// The repositories that a search covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// All repositories of an owner.
    Owner(&'a str),
    /// One repository.
    Repository(&'a Repository),
}

/// A page of the pull requests that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Gitea's time.
    pub date: Timestamp,
    /// The number of entries of all pages.
    pub total: usize,
    /// The entries of this page.
    pub entries: Vec<Entry>,
    /// The entries of this page that were left out, each with the reason.
    pub left_out: Vec<String>,
}

impl Gitea {
    /// A page of the pull requests in `scope` that changed since; pages count from 1.
    pub async fn changed(
        &self,
        scope: Scope<'_>,
        since: Timestamp,
        page: usize,
        limit: usize,
    ) -> Result<Changed, Error> {
        let (since, page, limit) = (moment(since), page.to_string(), limit.to_string());
        let mut query = vec![("type", "pulls"), ("state", "all")];
        let pages = [("since", since.as_str()), ("limit", limit.as_str()), ("page", page.as_str())];
        let answer = match scope {
            Scope::Owner(owner) => {
                query.push(("owner", owner));
                query.extend(pages);
                let url = self.client.url(&["api", "v1", "repos", "issues", "search"], &query);
                self.ask(Method::GET, url, None).await?.or_failure()?
            }
            Scope::Repository(repository) => {
                query.extend(pages);
                self.read(repository, &["issues"], &query).await?
            }
        };
        understood(&answer)
    }
}

fn understood(answer: &Answer) -> Result<Changed, Error> {
    let Entries { read: entries, left_out, .. } = Entries::of(answer, WireEntry::understood)?;
    let total = answer.number("x-total-count");
    let total = total.ok_or_else(|| not_understood(answer, "it does not say how many entries there are"))?;
    Ok(Changed { date: date(answer)?, total, entries, left_out })
}

/// The first pull request of a page that is too large. Gitea writes its address before all texts of its author.
pub fn first_pull(begin: &Begin) -> Option<Pull> {
    let text = begin.text();
    let (_, url) = text.split_once("\"url\"")?;
    let url = url.trim_start_matches([':', ' ']).strip_prefix('"')?.split_once('"')?.0;
    let (path, number) = url.rsplit_once("/issues/")?;
    let mut names = path.rsplit('/');
    let (name, owner) = (names.next()?, names.next()?);
    Some(Pull { repository: format!("{owner}/{name}").parse().ok()?, number: number.parse().ok()? })
}

/// Gitea's time, from the answer's Date header.
pub(super) fn date(answer: &Answer) -> Result<Timestamp, Error> {
    let date = answer.header("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    date.map(|date| date.timestamp()).ok_or_else(|| not_understood(answer, "it does not say what time it is"))
}

/// A time in a query, in whole seconds.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
