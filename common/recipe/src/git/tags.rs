//! The tags of a clone: those in use, and the origin's.
//!
//! A fetch writes the origin's tags to `refs/converge/tags`. `refs/tags`, which abra checks out, follows them, except for
//! the tag that is kept: the one that runs must not change its content unnoticed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Error, Git};

/// Where abra looks for a tag.
const IN_USE: &str = "refs/tags/";
/// The origin's tags as of the last fetch.
pub(super) const OF_ORIGIN: &str = "refs/converge/tags/";

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The name.
    pub name: String,
    /// True for an annotated tag of a commit. Only those are releases.
    pub annotated: bool,
    /// The commits, if the origin's tag of this name stands for another commit.
    pub moved: Option<Moved>,
}

/// The commits of a tag that the origin has moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// The commit of the clone's tag.
    pub from: String,
    /// The commit of the origin's tag.
    pub to: String,
}

/// One line of `for-each-ref`.
#[derive(Debug)]
struct Reference {
    id: String,
    is_annotated: bool,
    /// The object that the tag stands for.
    target: String,
}

/// The references below a prefix, by the rest of their names.
type References = BTreeMap<String, Reference>;

impl Git {
    /// All tags.
    pub async fn tags(&self) -> Result<Vec<Tag>, Error> {
        let (in_use, of_origin) = self.references().await?;
        let moved = |name: &str, here: &Reference| {
            let there = of_origin.get(name).filter(|there| there.target != here.target)?;
            Some(Moved { from: here.target.clone(), to: there.target.clone() })
        };
        Ok(in_use
            .iter()
            .map(|(name, here)| Tag { name: name.clone(), annotated: here.is_annotated, moved: moved(name, here) })
            .collect())
    }

    /// Makes the tags in use those of the origin. A tag named `keep` that the origin has moved stays.
    pub(super) async fn adopt_tags(&self, keep: Option<&str>) -> Result<(), Error> {
        let (in_use, of_origin) = self.references().await?;
        let gone = in_use.keys().filter(|name| !of_origin.contains_key(*name));
        let gone: Vec<String> = gone.map(|name| format!("delete {IN_USE}{name}\n")).collect();
        let differs = |name: &str, there: &Reference| match in_use.get(name) {
            Some(here) => here.id != there.id && keep != Some(name),
            None => true,
        };
        let new = of_origin.iter().filter(|(name, there)| differs(name, there));
        let new: Vec<String> = new.map(|(name, there)| format!("update {IN_USE}{name} {}\n", there.id)).collect();
        // Removed first: a name may have become the folder of another.
        for changes in [gone, new].into_iter().filter(|changes| !changes.is_empty()) {
            let mut command = self.command();
            command.args(["update-ref", "--stdin"]);
            self.run(command, changes.concat().as_bytes(), "update the tags".into(), false).await?;
        }
        Ok(())
    }

    /// The tags in use and those of the origin. Reads every branch of the origin too, so that a lost commit is noticed.
    async fn references(&self) -> Result<(References, References), Error> {
        let mut command = self.command();
        let format = "%(objectname) %(objecttype) %(*objectname) %(*objecttype) %(refname)";
        command.args(["for-each-ref", "--format", format, IN_USE, OF_ORIGIN, "refs/remotes/origin/"]);
        let text = self.read(command, &[], "list the tags").await?;
        let (mut in_use, mut of_origin) = (References::new(), References::new());
        for line in String::from_utf8_lossy(&text).lines() {
            // An entry that is no tag has two empty fields in the middle.
            let mut fields = line.splitn(5, ' ');
            let mut next = || fields.next().unwrap_or_default().to_owned();
            let (id, kind, peeled, peeled_kind, name) = (next(), next(), next(), next(), next());
            let is_annotated = kind == "tag" && peeled_kind == "commit";
            let target = if peeled.is_empty() { id.clone() } else { peeled };
            let reference = Reference { id, is_annotated, target };
            if let Some(name) = name.strip_prefix(IN_USE) {
                in_use.insert(name.to_owned(), reference);
            } else if let Some(name) = name.strip_prefix(OF_ORIGIN) {
                of_origin.insert(name.to_owned(), reference);
            }
        }
        Ok((in_use, of_origin))
    }
}
