//! Writing the one comment: found before it is made, and made once.

use jiff::Timestamp;
use tokio::time::Instant;

use super::obstacle::{self, Obstacle};
use super::said::Told;
use super::voice::Voice;
use crate::Bridge;
use crate::ledger::PullRecord;
use crate::words::Marker;
use http::gitea::Comment;
use http::names::Pull;

/// What the comment is to say.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The whole text.
    pub body: String,
    /// Its fingerprint.
    pub print: String,
    /// What kind of thing it says.
    pub news: String,
    /// Since when there may be a comment to find, as far as the ledger knows.
    pub since: Option<Timestamp>,
}

/// Whether it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// It is what the comment says already.
    Already,
    /// The comment says it now.
    Now,
    /// It is not urgent, and the comment was edited a moment ago.
    Later(Instant),
}

/// Makes the comment say what it is to say.
pub async fn say(
    bridge: &Bridge,
    pull: &Pull,
    said: &mut PullRecord,
    wanted: &Wanted,
    voice: &mut Voice,
) -> Result<Spoken, Obstacle> {
    let told = Told::read(said.comment.as_deref());
    // A call that was given up may still come, and make a twin or bring back an older text: it is looked for after that.
    let waits = voice.comment.until(told.unclear).is_some_and(|until| until > Instant::now());
    let is_same = told.print == wanted.print;
    if is_same && (!told.unclear || waits) {
        return Ok(Spoken::Already);
    }
    let is_news = told.news != wanted.news;
    if let Some(at) = voice.calm().filter(|_| !is_same && !is_news) {
        return Ok(Spoken::Later(at));
    }
    let at_once = said.comment_id.filter(|_| !told.unclear);
    let mut speaker = Speaker { bridge, pull, said, wanted, voice, told };
    let there = match at_once {
        Some(id) => speaker.edit(id).await?,
        None => false,
    };
    // It was deleted, was never made, or may be there twice.
    if !there {
        speaker.look(is_news).await?;
    }
    if !waits {
        speaker.settled()?;
    }
    Ok(Spoken::Now)
}

struct Speaker<'a> {
    bridge: &'a Bridge,
    pull: &'a Pull,
    said: &'a mut PullRecord,
    wanted: &'a Wanted,
    voice: &'a mut Voice,
    /// What the comment is known to say.
    told: Told,
}

impl Speaker<'_> {
    /// Finds our comment among those of the pull request, and edits it; makes it when there is none and `create` is set.
    async fn look(&mut self, create: bool) -> Result<(), Obstacle> {
        let mut ours = self.find().await?.into_iter();
        match ours.next() {
            Some(comment) if is_same(&comment.body, &self.wanted.body) => self.is_told(Some(comment.id))?,
            Some(comment) => {
                self.edit(comment.id).await?;
            }
            None if create => self.create().await?,
            // Somebody deleted it, and it would say nothing that they had not seen.
            None => self.is_told(None)?,
        }
        for twin in ours {
            self.delete(twin.id).await?;
        }
        Ok(())
    }

    /// Our comments, oldest first.
    async fn find(&self) -> Result<Vec<Comment>, Obstacle> {
        self.go_on()?;
        let mut all = self.bridge.gitea.comments(self.pull, None).await;
        // Of very long talks the end will do.
        if matches!(all, Err(http::Error::TooLarge { .. })) && self.wanted.since.is_some() {
            self.go_on()?;
            all = self.bridge.gitea.comments(self.pull, self.wanted.since).await;
        }
        let all = all?;
        let is_ours = |comment: &Comment| {
            comment.is_by(&self.bridge.settings.bot)
                && Marker::find(&comment.body).is_some_and(|marker| marker.is_of(self.pull))
        };
        Ok(all.into_iter().filter(is_ours).collect())
    }

    /// Edits our comment. Says whether it is there.
    async fn edit(&mut self, id: i64) -> Result<bool, Obstacle> {
        self.intend()?;
        let edited = self.bridge.gitea.edit_comment(&self.pull.repository, id, &self.wanted.body).await;
        if self.came(edited)?.is_none() {
            return Ok(false);
        }
        self.written(id)?;
        Ok(true)
    }

    async fn create(&mut self) -> Result<(), Obstacle> {
        self.said.comment_id = None;
        self.intend()?;
        let created = self.bridge.gitea.create_comment(self.pull, &self.wanted.body).await;
        let comment = self.came(created)?;
        self.written(comment.id)
    }

    /// Deletes a twin of our comment.
    async fn delete(&mut self, id: i64) -> Result<(), Obstacle> {
        self.intend()?;
        let deleted = self.bridge.gitea.delete_comment(&self.pull.repository, id).await;
        match deleted {
            Err(error) if obstacle::is_certain(&error) && !obstacle::is_of_the_server(&error) => {
                tracing::warn!(pull = %self.pull, comment = id, %error, "cannot delete a second comment of ours");
            }
            // It is looked for again then.
            deleted => {
                self.came(deleted)?;
                tracing::info!(pull = %self.pull, comment = id, "deleted a second comment of ours");
            }
        }
        self.told.unclear = self.voice.comment.is_so();
        self.note()
    }

    /// Before a call: it may have an effect from now on.
    fn intend(&mut self) -> Result<(), Obstacle> {
        self.go_on()?;
        self.told.unclear = true;
        self.note()
    }

    /// After a call: what failed may still have an effect, if it is not certain that it has none.
    fn came<T>(&mut self, came: Result<T, http::Error>) -> Result<T, Obstacle> {
        match came {
            Ok(came) => Ok(came),
            Err(error) if obstacle::is_certain(&error) => {
                self.told.unclear = self.voice.comment.is_so();
                self.note()?;
                Err(error.into())
            }
            Err(error) => {
                self.voice.comment.begins();
                Err(error.into())
            }
        }
    }

    /// The comment was written.
    fn written(&mut self, id: i64) -> Result<(), Obstacle> {
        self.voice.was_edited();
        self.bridge.metrics.comment();
        self.is_told(Some(id))
    }

    /// That comment says what is wanted; or there is none, and that is how somebody wants it.
    fn is_told(&mut self, id: Option<i64>) -> Result<(), Obstacle> {
        self.said.comment_id = id;
        let (print, news) = (self.wanted.print.clone(), self.wanted.news.clone());
        self.told = Told { print, news, unclear: self.voice.comment.is_so() };
        self.note()
    }

    /// Nothing that was given up may come any more, and all was looked at since.
    fn settled(&mut self) -> Result<(), Obstacle> {
        self.voice.comment.ends();
        if std::mem::take(&mut self.told.unclear) { self.note() } else { Ok(()) }
    }

    fn note(&mut self) -> Result<(), Obstacle> {
        self.said.comment = Some(self.told.written());
        self.bridge.ledger.save_record(self.pull, self.said, None)?;
        Ok(())
    }

    fn go_on(&self) -> Result<(), Obstacle> {
        if self.bridge.is_stopping() { Err(Obstacle::Stopping) } else { Ok(()) }
    }
}

/// Whether a comment says it already: a forge may keep other line breaks.
fn is_same(one: &str, other: &str) -> bool {
    one.trim_end().lines().eq(other.trim_end().lines())
}
