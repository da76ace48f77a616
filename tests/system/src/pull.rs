//! A pull request of the lab's Gitea: comments of people, and answers of the bot.

use std::time::Duration;

use lab::{Lab, Seen, wait_until};
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Id in Gitea.
    pub id: u64,
    /// Login of the author.
    pub author: String,
    /// Text.
    pub body: String,
    /// Time of creation.
    pub created: String,
    /// Time of the last edit.
    pub updated: String,
}

impl Comment {
    fn of(value: &Value) -> Self {
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        Self {
            id: value["id"].as_u64().unwrap_or_default(),
            author: value["user"]["login"].as_str().unwrap_or_default().to_owned(),
            body: text("body"),
            created: text("created_at"),
            updated: text("updated_at"),
        }
    }
}

/// A pull request.
#[derive(Debug)]
pub struct Pull {
    gitea: lab::Gitea,
    repository: String,
    number: u64,
}

impl Pull {
    /// The open pull request of the recipe `hello`, which changes its page.
    pub fn of_hello(lab: &Lab) -> Result<Self> {
        Ok(Self { gitea: lab.gitea()?, repository: "recipes/hello".to_owned(), number: 1 })
    }

    /// URL for a browser on this machine.
    pub fn address(&self) -> String {
        format!("{}/{}/pulls/{}", self.gitea.address(), self.repository, self.number)
    }

    /// The head commit.
    pub fn head(&self) -> Result<String> {
        let path = format!("/repos/{}/pulls/{}", self.repository, self.number);
        Ok(self.gitea.administrator().get(&path).and_then(|pull| pull.text("/head/sha")).map_err(lab::Error::from)?)
    }

    /// Writes a comment as the owner of a token and returns its id.
    pub fn comment(&self, token: &str, body: &str) -> Result<u64> {
        let api = self.gitea.api().with_token(token);
        let answer = api.post(&self.comments_path(), &json!({"body": body})).and_then(|made| made.json());
        Ok(Comment::of(&answer.map_err(lab::Error::from)?).id)
    }

    /// Writes a comment as a member of the organisation and returns its id.
    pub fn comment_as_member(&self, body: &str) -> Result<u64> {
        self.comment(&self.gitea.world().mara.token, body)
    }

    /// All comments, oldest first.
    pub fn comments(&self) -> Result<Vec<Comment>> {
        let answer = self.gitea.administrator().get(&self.comments_path()).and_then(|all| all.json());
        let all = answer.map_err(lab::Error::from)?;
        Ok(all.as_array().into_iter().flatten().map(Comment::of).collect())
    }

    /// The bot's comments.
    pub fn answers(&self) -> Result<Vec<Comment>> {
        let bot = &self.gitea.world().bot.name;
        Ok(self.comments()?.into_iter().filter(|comment| comment.author == *bot).collect())
    }

    /// The bot's only comment, as soon as it fulfils `says`. More than one is an error at once.
    pub fn answer(&self, what: &str, within: Duration, says: impl Fn(&str) -> bool) -> Result<Comment> {
        let mut several = None;
        let found = wait_until(&format!("the bot's comment to say {what}"), within, || {
            Ok(match self.answers() {
                Ok(all) if all.len() > 1 => {
                    several = Some(format!("{all:#?}"));
                    Seen::Yes(None)
                }
                Ok(mut all) => match all.pop() {
                    Some(one) if says(&one.body) => Seen::Yes(Some(one)),
                    Some(one) => Seen::NotYet(one.body),
                    None => Seen::NotYet("there is none".to_owned()),
                },
                Err(error) => Seen::NotYet(format!("{error:?}")),
            })
        })?;
        found.ok_or_else(|| {
            Error::NotSo(format!("the bot wrote more than one comment: {}", several.unwrap_or_default()))
        })
    }

    fn comments_path(&self) -> String {
        format!("/repos/{}/issues/{}/comments", self.repository, self.number)
    }
}
