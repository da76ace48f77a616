//! Comments of pull requests.

use crate::{Answer, Error};
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::wire::WireComment;
use super::{Comment, Gitea, found, not_understood, number};
use crate::names::{Pull, Repository};

/// The most comments that are read one by one.
const MOST_PAGES: usize = 50;

impl Gitea {
    /// The comments of a pull request that were written or edited since, oldest first; all without `since`.
    pub async fn comments(&self, pull: &Pull, since: Option<Timestamp>) -> Result<Vec<Comment>, Error> {
        let moment = since.map(super::changed::moment);
        let query: Vec<(&str, &str)> = moment.iter().map(|since| ("since", since.as_str())).collect();
        let answer = match (self.read(&pull.repository, &["issues", &number(pull), "comments"], &query).await, &moment)
        {
            (Err(Error::TooLarge { .. }), Some(since)) => return self.comments_one_by_one(pull, since).await,
            (settled, _) => settled?,
        };
        let mut all = understood(&answer)?;
        all.sort_by_key(|comment| comment.id);
        all.dedup_by_key(|comment| comment.id);
        Ok(all)
    }

    /// The same, one by one, when they are too large together: a comment that is too large hides no other.
    async fn comments_one_by_one(&self, pull: &Pull, since: &str) -> Result<Vec<Comment>, Error> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let page = page.to_string();
            let query = [("since", since), ("limit", "1"), ("page", page.as_str())];
            match self.read(&pull.repository, &["issues", "comments"], &query).await {
                Ok(answer) => {
                    let read = understood(&answer)?;
                    if read.is_empty() {
                        break;
                    }
                    all.extend(read.into_iter().filter(|comment| comment.pull == Some(pull.number)));
                }
                Err(Error::TooLarge { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
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

fn understood(answer: &Answer) -> Result<Vec<Comment>, Error> {
    let list: Vec<WireComment> = answer.json()?;
    let all: Result<Vec<Comment>, String> = list.into_iter().map(WireComment::understood).collect();
    all.map_err(|why| not_understood(answer, why))
}
