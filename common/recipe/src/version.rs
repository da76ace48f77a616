//! The choice of a recipe's version. Pure.
//!
//! A recipe's version is `<recipe version>+<upstream version>`; only annotated tags are releases.

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

/// The version policy that the operator declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// This release only: `{ "pin": "3.8.0+v3.6.15" }`.
    Pin(String),
    /// The newest release that needs no work by an operator: `"latest"`.
    Latest,
    /// A commit that is no release, by its hash or by its branch: `{ "commit": "main" }`. A branch is not followed: it
    /// stays where the last fetch found it.
    Commit(String),
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release<'a> {
    /// The tag.
    pub tag: &'a str,
    /// The notes.
    pub notes: Option<&'a str>,
}

/// A newer release that only an operator may deploy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRelease {
    /// The tag.
    pub tag: String,
    /// The reason.
    pub why: HeldReason,
}

/// The reason why a release is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldReason {
    /// A major step of the recipe.
    Major,
    /// The release notes ask for work by hand.
    Manual,
    /// An attempt to deploy it did not become healthy.
    Rejected,
}

impl HeldReason {
    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Major => "it is a major step of the recipe",
            Self::Manual => "its release notes ask for work by hand",
            Self::Rejected => "it was tried and did not become healthy",
        }
    }
}

/// The choice of the policy `latest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// The release to run; `None` when there is none at all.
    pub tag: Option<String>,
    /// Newer ones that are held.
    pub held: Vec<HeldRelease>,
}

/// The version of a tag; `None` when it is no version.
pub fn version(tag: &str) -> Option<Version> {
    Version::parse(tag).ok().filter(|version| !version.build.is_empty())
}

/// The version of the recipe's main program in a tag: the part after the `+`.
pub fn upstream(tag: &str) -> Option<&str> {
    tag.split_once('+').map(|(_, upstream)| upstream)
}

/// The commit in abra's chaos version: a short hash, with `U` or `+U` behind it when the tree was not clean.
pub fn commit_in(chaos: &str) -> &str {
    chaos.trim_end_matches('U').trim_end_matches('+')
}

/// Returns the newest of `releases` that may replace `running`.
pub fn latest(running: Option<&str>, releases: &[Release], rejected: &[String]) -> Latest {
    let mut sorted: Vec<(Version, &Release)> =
        releases.iter().filter_map(|release| Some((version(release.tag)?, release))).collect();
    sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
    let is_rejected = |release: &Release| rejected.iter().any(|tag| tag == release.tag);
    let Some(from) = running.and_then(version) else {
        // Without a running version there is nothing to migrate.
        let newest = sorted.iter().rev().find(|(_, release)| !is_rejected(release));
        return Latest { tag: newest.map(|(_, release)| release.tag.to_owned()), held: Vec::new() };
    };
    let mut tag = running.map(str::to_owned);
    let mut held: Vec<HeldRelease> = Vec::new();
    let mut needs_operator = false;
    for (version, release) in sorted.into_iter().filter(|(version, _)| *version > from) {
        let why = if version.major > from.major {
            Some(HeldReason::Major)
        } else if release.notes.is_some_and(asks_for_work) {
            Some(HeldReason::Manual)
        } else {
            is_rejected(release).then_some(HeldReason::Rejected)
        };
        // Work for one step is needed for every later one too.
        needs_operator |= matches!(why, Some(HeldReason::Major | HeldReason::Manual));
        match why {
            Some(why) => held.push(HeldRelease { tag: release.tag.to_owned(), why }),
            None if needs_operator => {}
            None => {
                tag = Some(release.tag.to_owned());
                held.retain(|held| held.why != HeldReason::Rejected);
            }
        }
    }
    Latest { tag, held }
}

/// True if the release notes may ask for work by hand. A release held too often costs a look; one deployed too early
/// costs data.
fn asks_for_work(notes: &str) -> bool {
    let notes = notes.to_lowercase();
    ["manual", "migrat", "breaking", "before you upgrade", "before upgrading", "you must", "you need to", "required"]
        .iter()
        .any(|word| notes.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(
        running: Option<&str>,
        tags: &[(&str, &str)],
        rejected: &[&str],
    ) -> (Option<String>, Vec<(String, HeldReason)>) {
        let releases: Vec<_> = tags
            .iter()
            .map(|(tag, notes)| Release { tag, notes: Some(notes).filter(|n| !n.is_empty()).copied() })
            .collect();
        let rejected: Vec<String> = rejected.iter().map(|tag| (*tag).to_owned()).collect();
        let Latest { tag, held } = latest(running, &releases, &rejected);
        (tag, held.into_iter().map(|held| (held.tag, held.why)).collect())
    }

    #[test]
    fn the_newest_release_is_chosen_by_version_not_by_name() {
        let tags = [("3.9.0+v3.7.0", ""), ("3.10.0+v3.7.1", ""), ("no-version", ""), ("v9", ""), ("9.0.0", "")];
        assert_eq!(choose(None, &tags, &[]).0.unwrap(), "3.10.0+v3.7.1");
        assert_eq!(choose(Some("3.9.0+v3.7.0"), &tags, &[]).0.unwrap(), "3.10.0+v3.7.1");
    }

    #[test]
    fn an_older_version_is_never_chosen() {
        let tags = [("3.9.0+v3.7.0", "")];
        assert_eq!(choose(Some("4.0.0+v4"), &tags, &[]).0.unwrap(), "4.0.0+v4");
    }

    #[test]
    fn a_major_step_is_held() {
        let tags = [("3.9.0+1", ""), ("3.9.1+1", ""), ("4.0.0+1", ""), ("4.0.1+1", "")];
        let (tag, held) = choose(Some("3.9.0+1"), &tags, &[]);
        assert_eq!(tag.unwrap(), "3.9.1+1");
        assert_eq!(held, [("4.0.0+1".into(), HeldReason::Major), ("4.0.1+1".into(), HeldReason::Major)]);
    }

    #[test]
    fn notes_that_ask_for_work_hold_that_release_and_all_after_it() {
        let tags = [("1.0.0+1", ""), ("1.1.0+1", "Manual migration needed"), ("1.2.0+1", "")];
        let (tag, held) = choose(Some("1.0.0+1"), &tags, &[]);
        assert_eq!(tag.unwrap(), "1.0.0+1");
        assert_eq!(held, [("1.1.0+1".into(), HeldReason::Manual)]);
        assert_eq!(choose(None, &tags, &[]).0.unwrap(), "1.2.0+1", "a new install has nothing to migrate");
    }

    #[test]
    fn a_rejected_release_is_not_tried_again_until_a_newer_one_appears() {
        let tags = [("1.0.0+1", ""), ("1.1.0+1", "")];
        let (tag, held) = choose(Some("1.0.0+1"), &tags, &["1.1.0+1"]);
        assert_eq!((tag.unwrap().as_str(), held), ("1.0.0+1", vec![("1.1.0+1".into(), HeldReason::Rejected)]));
        let tags = [("1.0.0+1", ""), ("1.1.0+1", ""), ("1.1.1+1", "")];
        let (tag, held) = choose(Some("1.0.0+1"), &tags, &["1.1.0+1"]);
        assert_eq!((tag.unwrap().as_str(), held), ("1.1.1+1", vec![]));
    }
}
