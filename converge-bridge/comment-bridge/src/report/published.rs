//! What is published on a pull request, in the form of the ledger's columns.

use base::hex;
use sha2::{Digest as _, Sha256};

/// The published comment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// The digest of its text.
    pub digest: String,
    /// The topic of its text: a change of topic is published without delay.
    pub topic: String,
    /// True while a call in flight, or one of unknown outcome, may still change the comment.
    pub is_unsettled: bool,
}

impl Published {
    /// Reads the column `published_comment`.
    pub fn read(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        let (is_unsettled, text) = text.strip_prefix('?').map_or((false, text), |text| (true, text));
        let (digest, topic) = text.split_once(' ').unwrap_or((text, ""));
        Self { digest: digest.into(), topic: topic.into(), is_unsettled }
    }

    /// Writes the column `published_comment`.
    pub fn written(&self) -> String {
        format!("{}{} {}", if self.is_unsettled { "?" } else { "" }, self.digest, self.topic)
    }
}

/// The published commit statuses: `<commit>=<digest>`, with a `?` before a digest that may still change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishedStatuses(Vec<(String, String)>);

/// The digest of a commit whose status the bot may not set.
const FORBIDDEN: &str = "-";

impl PublishedStatuses {
    /// Reads the column `published_statuses`.
    pub fn read(text: Option<&str>) -> Self {
        let pairs = text.unwrap_or_default().split(' ').filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(commit, digest)| (commit.to_owned(), digest.to_owned())).collect())
    }

    /// Writes the column `published_statuses`.
    pub fn written(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(commit, digest)| format!("{commit}={digest}")).collect();
        (!pairs.is_empty()).then(|| pairs.join(" "))
    }

    /// The digest of a commit's status, and true while it may still change.
    pub fn of(&self, commit: &str) -> (&str, bool) {
        let digest = self.0.iter().find(|(known, _)| known == commit).map_or("", |(_, digest)| digest);
        digest.strip_prefix('?').map_or((digest, false), |digest| (digest, true))
    }

    /// Records the status of a commit.
    pub fn set(&mut self, commit: &str, digest: &str, is_unsettled: bool) {
        let digest = format!("{}{digest}", if is_unsettled { "?" } else { "" });
        match self.0.iter_mut().find(|(known, _)| known == commit) {
            Some((_, known)) => *known = digest,
            None => self.0.push((commit.to_owned(), digest)),
        }
    }

    /// Records that the bot may not set the status of a commit.
    pub fn forbid(&mut self, commit: &str) {
        self.set(commit, FORBIDDEN, false);
    }

    /// True if the bot may not set the status of a commit.
    pub fn is_forbidden(&self, commit: &str) -> bool {
        self.of(commit).0 == FORBIDDEN
    }

    /// True while any of the statuses may still change.
    pub fn are_unsettled(&self) -> bool {
        self.0.iter().any(|(_, digest)| digest.starts_with('?'))
    }

    /// Forgets all other commits.
    pub fn keep(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.0.retain(|(commit, _)| is_kept(commit));
    }
}

/// The digest of a text: 32 hexadecimal digits.
pub fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_digest_is_read_back() {
        for published in [
            Published::default(),
            Published { digest: digest("x"), topic: "12:running+14:help".into(), is_unsettled: false },
            Published { digest: String::new(), topic: String::new(), is_unsettled: true },
            Published { digest: digest("x"), topic: "12:passed".into(), is_unsettled: true },
        ] {
            assert_eq!(Published::read(Some(&published.written())), published);
        }
        assert_eq!(Published::read(None), Published::default());
        let mut commits = PublishedStatuses::default();
        assert_eq!((commits.written(), commits.of("a")), (None, ("", false)));
        commits.set("a", "1", true);
        commits.set("b", "2", false);
        commits.forbid("c");
        let mut commits = PublishedStatuses::read(commits.written().as_deref());
        assert_eq!((commits.of("a"), commits.of("b"), commits.are_unsettled()), (("1", true), ("2", false), true));
        assert!(commits.is_forbidden("c") && !commits.is_forbidden("b"));
        commits.keep(|commit| commit != "a");
        assert_eq!(commits.written().as_deref(), Some("b=2 c=-"));
    }
}
