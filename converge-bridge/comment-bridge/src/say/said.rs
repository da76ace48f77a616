//! How the ledger keeps what was said.

use sha2::{Digest as _, Sha256};

/// What the comment is known to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// A fingerprint of it.
    pub print: String,
    /// What kind of thing it says.
    pub news: String,
    /// Whether a call that is under way, or was given up, may still change it.
    pub unclear: bool,
}

impl Told {
    /// From the ledger.
    pub fn read(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        let (unclear, text) = text.strip_prefix('?').map_or((false, text), |text| (true, text));
        let (print, news) = text.split_once(' ').unwrap_or((text, ""));
        Self { print: print.into(), news: news.into(), unclear }
    }

    /// For the ledger.
    pub fn written(&self) -> String {
        format!("{}{} {}", if self.unclear { "?" } else { "" }, self.print, self.news)
    }
}

/// What commits are known to be said to be: `<commit>=<fingerprint>`, with a `?` before one that may still change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commits(Vec<(String, String)>);

/// What stands for a commit that the bot may say nothing of.
const FORBIDDEN: &str = "-";

impl Commits {
    /// From the ledger.
    pub fn read(text: Option<&str>) -> Self {
        let pairs = text.unwrap_or_default().split(' ').filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(commit, print)| (commit.to_owned(), print.to_owned())).collect())
    }

    /// For the ledger.
    pub fn written(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(commit, print)| format!("{commit}={print}")).collect();
        (!pairs.is_empty()).then(|| pairs.join(" "))
    }

    /// The fingerprint of what a commit is said to be, and whether that may still change.
    pub fn of(&self, commit: &str) -> (&str, bool) {
        let print = self.0.iter().find(|(known, _)| known == commit).map_or("", |(_, print)| print);
        print.strip_prefix('?').map_or((print, false), |print| (print, true))
    }

    /// A commit is said to be that.
    pub fn set(&mut self, commit: &str, print: &str, unclear: bool) {
        let print = format!("{}{print}", if unclear { "?" } else { "" });
        match self.0.iter_mut().find(|(known, _)| known == commit) {
            Some((_, known)) => *known = print,
            None => self.0.push((commit.to_owned(), print)),
        }
    }

    /// The bot may say nothing of a commit.
    pub fn forbid(&mut self, commit: &str) {
        self.set(commit, FORBIDDEN, false);
    }

    /// Whether the bot may say nothing of a commit.
    pub fn is_forbidden(&self, commit: &str) -> bool {
        self.of(commit).0 == FORBIDDEN
    }

    /// Whether any of them may still change.
    pub fn are_unclear(&self) -> bool {
        self.0.iter().any(|(_, print)| print.starts_with('?'))
    }

    /// Forgets all other commits.
    pub fn keep(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.0.retain(|(commit, _)| is_kept(commit));
    }
}

/// A fingerprint of a text.
pub fn print(text: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let half = |at: usize| hash[at..].first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    format!("{:016x}{:016x}", half(0), half(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for told in [
            Told::default(),
            Told { print: print("x"), news: "12:running+14:help".into(), unclear: false },
            Told { print: String::new(), news: String::new(), unclear: true },
            Told { print: print("x"), news: "12:passed".into(), unclear: true },
        ] {
            assert_eq!(Told::read(Some(&told.written())), told);
        }
        assert_eq!(Told::read(None), Told::default());
        let mut commits = Commits::default();
        assert_eq!((commits.written(), commits.of("a")), (None, ("", false)));
        commits.set("a", "1", true);
        commits.set("b", "2", false);
        commits.forbid("c");
        let mut commits = Commits::read(commits.written().as_deref());
        assert_eq!((commits.of("a"), commits.of("b"), commits.are_unclear()), (("1", true), ("2", false), true));
        assert!(commits.is_forbidden("c") && !commits.is_forbidden("b"));
        commits.keep(|commit| commit != "a");
        assert_eq!(commits.written().as_deref(), Some("b=2 c=-"));
    }
}
