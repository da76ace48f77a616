//! A pull request of the lab's Gitea: what people write there, and what the bot answers.

use std::time::Duration;

use lab::{Lab, Seen, wait_until};
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// What it says.
    pub body: String,
    /// When it was written.
    pub created: String,
    /// When it was last edited.
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
    /// The open one of the recipe `hello`, which changes its page.
    pub fn of_hello(lab: &Lab) -> Result<Self> {
        Ok(Self { gitea: lab.gitea()?, repository: "recipes/hello".to_owned(), number: 1 })
    }

    /// Its address, as a browser on this machine opens it.
    pub fn address(&self) -> String {
        format!("{}/{}/pulls/{}", self.gitea.address(), self.repository, self.number)
    }

    /// The commit that it asks to merge.
    pub fn head(&self) -> Result<String> {
        let path = format!("/repos/{}/pulls/{}", self.repository, self.number);
        Ok(self.gitea.administrator().get(&path).and_then(|pull| pull.text("/head/sha")).map_err(lab::Error::from)?)
    }

    /// Writes a comment as the owner of a token; its id.
    pub fn comment(&self, token: &str, body: &str) -> Result<u64> {
        let api = self.gitea.api().with_token(token);
        let answer = api.post(&self.comments_path(), &json!({"body": body})).and_then(|made| made.json());
        Ok(Comment::of(&answer.map_err(lab::Error::from)?).id)
    }

    /// The same as a member of the organisation.
    pub fn comment_as_member(&self, body: &str) -> Result<u64> {
        self.comment(&self.gitea.world().mara.token, body)
    }

    /// All that is written there, oldest first.
    pub fn comments(&self) -> Result<Vec<Comment>> {
        let answer = self.gitea.administrator().get(&self.comments_path()).and_then(|all| all.json());
        let all = answer.map_err(lab::Error::from)?;
        Ok(all.as_array().into_iter().flatten().map(Comment::of).collect())
    }

    /// What the bot has written there.
    pub fn answers(&self) -> Result<Vec<Comment>> {
        let bot = &self.gitea.world().bot.name;
        Ok(self.comments()?.into_iter().filter(|comment| comment.author == *bot).collect())
    }

    /// The bot's one comment, as soon as it says what it should. More than one is an error at once.
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
