//! The head of a pull request, and the pushes that moved it.

use serde_json::Value;

use super::wire::{self, WireReferences};
use super::{Gitea, Head, Push, changed, found, not_understood, number};
use crate::Error;
use crate::names::Pull;

/// Entries of a page of a timeline; one, where a page is too large.
const PAGES: [usize; 2] = [50, 1];

/// The most pages that are read. A push that is not read only makes a head doubtful.
const MOST_PAGES: usize = 100;

impl Gitea {
    /// The head of a pull request; `None` if there is none or the bot cannot see it.
    ///
    /// Read from `refs/pull/<number>/head` of the base repository. `head.sha` of a pull request comes from the repository
    /// of its branch, whose owner can point it at any commit.
    pub async fn head(&self, pull: &Pull) -> Result<Option<Head>, Error> {
        let name = format!("refs/pull/{}/head", pull.number);
        let path = ["git", "refs", "pull", &number(pull), "head"];
        let Some(answer) = found(self.read(&pull.repository, &path, &[]).await)? else { return Ok(None) };
        let references: WireReferences = answer.json()?;
        let commit = references.commit(&name).map_err(|why| not_understood(&answer, why))?;
        let read = changed::date(&answer)?;
        Ok(commit.map(|commit| Head { commit, read }))
    }

    /// The pushes to a pull request, from its timeline, oldest first. Gitea leaves out comments of a review, so that only
    /// an empty page is the end.
    pub async fn pushes(&self, pull: &Pull) -> Result<Vec<Push>, Error> {
        let mut pushes = Vec::new();
        for limit in PAGES {
            match self.pushes_in_pages(pull, limit, &mut pushes).await {
                Err(Error::TooLarge { .. }) => pushes.clear(),
                read => {
                    pushes.sort_by_key(|push: &Push| push.id);
                    return read.map(|()| pushes);
                }
            }
        }
        Ok(pushes)
    }

    async fn pushes_in_pages(&self, pull: &Pull, limit: usize, pushes: &mut Vec<Push>) -> Result<(), Error> {
        let entries = limit.to_string();
        for page in 1..=MOST_PAGES {
            let page = page.to_string();
            let query = [("limit", entries.as_str()), ("page", page.as_str())];
            let answer = match self.read(&pull.repository, &["issues", &number(pull), "timeline"], &query).await {
                // A push is small.
                Err(Error::TooLarge { .. }) if limit == 1 => continue,
                read => read?,
            };
            // Gitea writes `null` for an empty list.
            let list = answer.json::<Option<Vec<Value>>>()?.unwrap_or_default();
            if list.is_empty() {
                break;
            }
            for entry in &list {
                pushes.extend(wire::push(entry).map_err(|why| not_understood(&answer, why))?);
            }
        }
        Ok(())
    }
}
