//! Comments of pull requests.

use common::http::Error;
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::wire::WireComment;
use super::{Comment, Gitea, found, not_understood, number};
use crate::server::names::{Pull, Repository};

impl Gitea {
    /// The comments of a pull request that were written or edited since, oldest first; all of them without `since`.
    pub async fn comments(&self, pull: &Pull, since: Option<Timestamp>) -> Result<Vec<Comment>, Error> {
        let since = since.map(super::changed::moment);
        let query: Vec<(&str, &str)> = since.iter().map(|since| ("since", since.as_str())).collect();
        let answer = self.read(&pull.repository, &["issues", &number(pull), "comments"], &query).await?;
        let list: Vec<WireComment> = answer.json()?;
        let all: Result<Vec<Comment>, String> = list.into_iter().map(WireComment::understood).collect();
        let mut all = all.map_err(|why| not_understood(&answer, why))?;
        all.sort_by_key(|comment| comment.id);
        all.dedup_by_key(|comment| comment.id);
        Ok(all)
    }

    /// A comment, unless it is not there any more.
    pub async fn comment(&self, repository: &Repository, id: i64) -> Result<Option<Comment>, Error> {
        Ok(self.comment_at(repository, id).await?.map(|(comment, _)| comment))
    }

    /// The same, with Gitea's time.
    pub async fn comment_at(&self, repository: &Repository, id: i64) -> Result<Option<(Comment, Timestamp)>, Error> {
        let read = self.read(repository, &["issues", "comments", &id.to_string()], &[]).await;
        let Some(answer) = found(read)? else { return Ok(None) };
        // What Gitea keeps among the comments and is none.
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

    /// Writes a comment. When the answer is lost, the comment may be there.
    pub async fn create_comment(&self, pull: &Pull, body: &str) -> Result<Comment, Error> {
        let path = ["issues", &number(pull), "comments"];
        let answer = self.write(Method::POST, &pull.repository, &path, Some(&json!({"body": body}))).await?;
        answer.json::<WireComment>()?.understood().map_err(|why| not_understood(&answer, why))
    }

    /// Gives a comment another body, unless it is not there any more.
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

    /// Deletes a comment; fine when it is not there any more.
    pub async fn delete_comment(&self, repository: &Repository, id: i64) -> Result<(), Error> {
        let path = ["issues", "comments", &id.to_string()];
        found(self.write(Method::DELETE, repository, &path, None).await).map(drop)
    }
}
