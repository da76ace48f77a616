//! Comments of pull requests.

use std::collections::BTreeSet;

use crate::{Answer, Call, Entries, Error, LARGEST, Service};
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::wire::WireComment;
use super::{Comment, Gitea, found, not_understood, number};
use crate::names::{Pull, Repository};

/// The most pages of one list of comments.
const MOST_PAGES: usize = 200;
/// Comments of a page, where all of them together are too large.
const FEW: usize = 10;

impl Gitea {
    /// The comments of a pull request that were written or edited since, oldest first; all without `since`.
    pub async fn comments(&self, pull: &Pull, since: Option<Timestamp>) -> Result<Entries<Comment>, Error> {
        let moment = since.map(super::changed::moment);
        let query: Vec<(&str, &str)> = moment.iter().map(|since| ("since", since.as_str())).collect();
        let number = number(pull);
        let path = ["issues", number.as_str(), "comments"];
        let mut all = match (self.read(&pull.repository, &path, &query).await, &moment) {
            (Err(Error::TooLarge { .. }), Some(since)) => return self.comments_by_few(pull, since).await,
            (settled, _) => understood(&settled?)?,
        };
        // A server that shows this list in pages counts more comments than it shows.
        for page in 2..=MOST_PAGES {
            if all.missing == 0 {
                break;
            }
            let page = page.to_string();
            let query = [query.clone(), vec![("page", page.as_str())]].concat();
            if !add(&mut all, understood(&self.read(&pull.repository, &path, &query).await?)?) {
                break;
            }
        }
        all.read.sort_by_key(|comment| comment.id);
        all.read.dedup_by_key(|comment| comment.id);
        Ok(all)
    }

    /// The same, a few at a time, when they are too large together: a comment that is too large by itself hides no other.
    async fn comments_by_few(&self, pull: &Pull, since: &str) -> Result<Entries<Comment>, Error> {
        let mut all = none(Call::new(Service::Gitea, &Method::GET, self.client.base()));
        let (mut seen, mut total) = (BTreeSet::new(), 0);
        for page in 1..=MOST_PAGES {
            let few = match self.comments_page(pull, since, page, FEW).await {
                Err(Error::TooLarge { .. }) => self.comments_one_by_one(pull, since, page).await?,
                read => vec![read?],
            };
            let is_end = few.last().is_none_or(|last| last.shown() == 0);
            for read in few {
                total = total.max(read.shown() + read.missing);
                all.left_out.extend(read.left_out);
                all.read.extend(read.read.into_iter().filter(|comment| seen.insert(comment.id)));
            }
            if is_end {
                break;
            }
        }
        all.missing = total.saturating_sub(all.shown());
        // The pages are those of the whole repository.
        all.read.retain(|comment| comment.pull == Some(pull.number));
        Ok(all)
    }

    /// The comments of such a page, each as a page of its own.
    async fn comments_one_by_one(&self, pull: &Pull, since: &str, page: usize) -> Result<Vec<Entries<Comment>>, Error> {
        let mut ones = Vec::new();
        for one in (page - 1) * FEW + 1..=page * FEW {
            let read = match self.comments_page(pull, since, one, 1).await {
                Err(Error::TooLarge { call, .. }) => {
                    let left_out = vec![format!("a comment in {}: it is larger than {LARGEST} bytes", pull.repository)];
                    Entries { left_out, ..none(call) }
                }
                read => read?,
            };
            let is_end = read.shown() == 0;
            ones.push(read);
            if is_end {
                break;
            }
        }
        Ok(ones)
    }

    async fn comments_page(
        &self,
        pull: &Pull,
        since: &str,
        page: usize,
        limit: usize,
    ) -> Result<Entries<Comment>, Error> {
        let (page, limit) = (page.to_string(), limit.to_string());
        let query = [("since", since), ("limit", limit.as_str()), ("page", page.as_str())];
        understood(&self.read(&pull.repository, &["issues", "comments"], &query).await?)
    }

    /// A comment; `None` if it is gone.
    pub async fn comment(&self, repository: &Repository, id: i64) -> Result<Option<Comment>, Error> {
        Ok(self.comment_at(repository, id).await?.map(|(comment, _)| comment))
    }

    /// The same, with Gitea's time.
    pub async fn comment_at(&self, repository: &Repository, id: i64) -> Result<Option<(Comment, Timestamp)>, Error> {
        let read = self.read(repository, &["issues", "comments", &id.to_string()], &[]).await;
        let Some(answer) = found(read)? else { return Ok(None) };
        // Gitea stores events among the comments, too.
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let comment = answer.json::<WireComment>()?.understood().map_err(|why| not_understood(&answer, why))?;
        if comment.id != id {
            return Err(not_understood(&answer, format!("comment {id} has the id {}", comment.id)));
        }
        let date = super::changed::date(&answer)?;
        Ok(Some((comment, date)))
    }

    /// Writes a comment. After a lost answer the comment may exist.
    pub async fn create_comment(&self, pull: &Pull, body: &str) -> Result<Comment, Error> {
        let path = ["issues", &number(pull), "comments"];
        let answer = self.write(Method::POST, &pull.repository, &path, Some(&json!({"body": body}))).await?;
        answer.json::<WireComment>()?.understood().map_err(|why| not_understood(&answer, why))
    }

    /// Replaces the body of a comment; `None` if it is gone.
    pub async fn edit_comment(&self, repository: &Repository, id: i64, body: &str) -> Result<Option<Comment>, Error> {
        let path = ["issues", "comments", &id.to_string()];
        let written = self.write(Method::PATCH, repository, &path, Some(&json!({"body": body}))).await;
        let Some(answer) = found(written)? else { return Ok(None) };
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let comment = answer.json::<WireComment>()?.understood().map_err(|why| not_understood(&answer, why))?;
        Ok(Some(comment))
    }

    /// Deletes a comment; succeeds if it is gone.
    pub async fn delete_comment(&self, repository: &Repository, id: i64) -> Result<(), Error> {
        let path = ["issues", "comments", &id.to_string()];
        found(self.write(Method::DELETE, repository, &path, None).await).map(drop)
    }
}

/// Reads a page. All entries that the server counts and this page does not show are missing.
fn understood(answer: &Answer) -> Result<Entries<Comment>, Error> {
    let mut entries = Entries::of(answer, WireComment::understood)?;
    entries.missing = answer.number("x-total-count").unwrap_or_default().saturating_sub(entries.shown());
    Ok(entries)
}

/// Adds a page to a list. Returns false if it holds nothing new.
fn add(all: &mut Entries<Comment>, page: Entries<Comment>) -> bool {
    let total = page.shown() + page.missing;
    let known: BTreeSet<i64> = all.read.iter().map(|comment| comment.id).collect();
    let before = all.shown();
    all.read.extend(page.read.into_iter().filter(|comment| !known.contains(&comment.id)));
    let is_new = |why: &String| !all.left_out.contains(why);
    let left_out: Vec<String> = page.left_out.into_iter().filter(is_new).collect();
    all.left_out.extend(left_out);
    all.missing = total.saturating_sub(all.shown());
    all.shown() > before
}

/// A list without an entry.
fn none(call: Call) -> Entries<Comment> {
    Entries { call, read: Vec::new(), left_out: Vec::new(), missing: 0 }
}
