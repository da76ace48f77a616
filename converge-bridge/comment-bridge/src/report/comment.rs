//! Writes the one comment: looks for it before it is created, and creates it once.

use jiff::Timestamp;
use tokio::time::Instant;

use super::problem;
use super::published::Published;
use super::state::PublishState;
use crate::Bridge;
use crate::ledger::PullRecord;
use crate::stop::{self, Stop};
use crate::words::Marker;
use http::gitea::Comment;
use http::names::Pull;

/// The text to publish.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The whole text.
    pub body: String,
    /// The digest of the text.
    pub digest: String,
    /// The topic of the text.
    pub topic: String,
    /// The time of the oldest trigger: the comment cannot be older.
    pub since: Option<Timestamp>,
}

/// The outcome of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The comment had this text already.
    Unchanged,
    /// The comment has this text now.
    Written,
    /// The topic is the same and the last edit is too recent; until this time.
    Deferred(Instant),
}

/// Brings the comment to the text of the draft.
pub async fn write(
    bridge: &Bridge,
    pull: &Pull,
    record: &mut PullRecord,
    draft: &Draft,
    state: &mut PublishState,
) -> Result<WriteOutcome, Stop> {
    let published = Published::read(record.comment.as_deref());
    // A call of unknown outcome may still create a twin or bring back an older text: the comment is checked after that.
    let may_still_change = state.comment.until(published.is_unsettled).is_some_and(|until| until > Instant::now());
    let is_same = published.digest == draft.digest;
    if is_same && (!published.is_unsettled || may_still_change) {
        return Ok(WriteOutcome::Unchanged);
    }
    let is_new_topic = published.topic != draft.topic;
    if let Some(until) = state.edit_cooldown().filter(|_| !is_same && !is_new_topic) {
        return Ok(WriteOutcome::Deferred(until));
    }
    let known = record.comment_id.filter(|_| !published.is_unsettled);
    let mut writer = CommentWriter { bridge, pull, record, draft, state, published };
    let is_edited = match known {
        Some(id) => writer.edit(id).await?,
        None => false,
    };
    // The comment was deleted, was never created, or may exist twice.
    if !is_edited {
        writer.find_and_write(is_new_topic).await?;
    }
    if !may_still_change {
        writer.settle()?;
    }
    Ok(WriteOutcome::Written)
}

struct CommentWriter<'a> {
    bridge: &'a Bridge,
    pull: &'a Pull,
    record: &'a mut PullRecord,
    draft: &'a Draft,
    state: &'a mut PublishState,
    published: Published,
}

impl CommentWriter<'_> {
    /// Finds the bot's comment on the pull request and edits it; creates it if there is none and `may_create` is set.
    async fn find_and_write(&mut self, may_create: bool) -> Result<(), Stop> {
        let mut ours = self.find().await?.into_iter();
        match ours.next() {
            Some(comment) if is_same(&comment.body, &self.draft.body) => self.set_published(Some(comment.id))?,
            Some(comment) => {
                self.edit(comment.id).await?;
            }
            None if may_create => self.create().await?,
            // A user deleted the comment; without a new topic it is not created again.
            None => self.set_published(None)?,
        }
        for twin in ours {
            self.delete_twin(twin.id).await?;
        }
        Ok(())
    }

    /// The bot's comments on the pull request, oldest first.
    async fn find(&self) -> Result<Vec<Comment>, Stop> {
        self.bridge.check_running()?;
        let mut all = self.bridge.gitea.comments(self.pull, None).await;
        // Of a very long discussion only the part since the first trigger is read.
        if matches!(all, Err(http::Error::TooLarge { .. })) && self.draft.since.is_some() {
            self.bridge.check_running()?;
            all = self.bridge.gitea.comments(self.pull, self.draft.since).await;
        }
        // A list that lacks a comment may lack the bot's.
        let all = all?.whole()?;
        let is_ours = |comment: &Comment| {
            comment.is_by(&self.bridge.settings.bot)
                && Marker::find(&comment.body).is_some_and(|marker| marker.is_of(self.pull))
        };
        Ok(all.into_iter().filter(is_ours).collect())
    }

    /// Edits the comment. Returns false if it does not exist.
    async fn edit(&mut self, id: i64) -> Result<bool, Stop> {
        self.record_intent()?;
        let edited = self.bridge.gitea.edit_comment(&self.pull.repository, id, &self.draft.body).await;
        if self.called(edited)?.is_none() {
            return Ok(false);
        }
        self.record_write(id)?;
        Ok(true)
    }

    async fn create(&mut self) -> Result<(), Stop> {
        self.record.comment_id = None;
        self.record_intent()?;
        let created = self.bridge.gitea.create_comment(self.pull, &self.draft.body).await;
        let comment = self.called(created)?;
        self.record_write(comment.id)
    }

    async fn delete_twin(&mut self, id: i64) -> Result<(), Stop> {
        self.record_intent()?;
        let deleted = self.bridge.gitea.delete_comment(&self.pull.repository, id).await;
        match deleted {
            Err(error) if problem::had_no_effect(&error) && !stop::is_of_the_server(&error) => {
                tracing::warn!(pull = %self.pull, comment = id, %error, "cannot delete a second comment of the bot");
            }
            // After a failure of unknown outcome the twin is looked for again.
            deleted => {
                self.called(deleted)?;
                tracing::info!(pull = %self.pull, comment = id, "deleted a second comment of the bot");
            }
        }
        self.published.is_unsettled = self.state.comment.is_pending();
        self.save()
    }

    /// Records, before a call, that it may have an effect.
    fn record_intent(&mut self) -> Result<(), Stop> {
        self.bridge.check_running()?;
        self.published.is_unsettled = true;
        self.save()
    }

    /// Records, after a call, if it may still have an effect.
    fn called<T>(&mut self, result: Result<T, http::Error>) -> Result<T, Stop> {
        match result {
            Ok(answer) => Ok(answer),
            Err(error) if problem::had_no_effect(&error) => {
                self.published.is_unsettled = self.state.comment.is_pending();
                self.save()?;
                Err(error.into())
            }
            Err(error) => {
                self.state.comment.begin();
                Err(error.into())
            }
        }
    }

    fn record_write(&mut self, id: i64) -> Result<(), Stop> {
        self.state.edited();
        self.bridge.metrics.comment();
        self.set_published(Some(id))
    }

    /// Records that this comment has the text of the draft; `None` if a user deleted the comment.
    fn set_published(&mut self, id: Option<i64>) -> Result<(), Stop> {
        self.record.comment_id = id;
        let (digest, topic) = (self.draft.digest.clone(), self.draft.topic.clone());
        self.published = Published { digest, topic, is_unsettled: self.state.comment.is_pending() };
        self.save()
    }

    /// Records that no earlier call can have an effect any more, and that the comment was checked since.
    fn settle(&mut self) -> Result<(), Stop> {
        self.state.comment.end();
        if std::mem::take(&mut self.published.is_unsettled) { self.save() } else { Ok(()) }
    }

    fn save(&mut self) -> Result<(), Stop> {
        self.record.comment = Some(self.published.written());
        self.bridge.ledger.save_record(self.pull, self.record, None)?;
        Ok(())
    }
}

/// True if two texts differ in line breaks only: a forge may store others.
fn is_same(one: &str, other: &str) -> bool {
    one.trim_end().lines().eq(other.trim_end().lines())
}
