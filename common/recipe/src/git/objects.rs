//! Objects of a clone: commits, trees, files.

use super::{Error, Git};

/// An object as `cat-file` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The hash.
    pub id: String,
    /// `commit`, `tag`, `tree` or `blob`.
    pub kind: String,
    /// The content.
    pub content: Vec<u8>,
}

impl Object {
    /// True for a tree that has an entry of this name.
    pub fn lists(&self, name: &str) -> bool {
        let entry = [b" ", name.as_bytes(), b"\0"].concat();
        self.kind == "tree" && self.content.windows(entry.len()).any(|part| part == entry)
    }
}

impl Git {
    /// The objects that `names` (`3.8.0+v3.6.15:.env.sample`, `refs/remotes/origin/main^{commit}`) stand for, in their
    /// order, by one call. `None` for what is not there.
    pub async fn objects(&self, names: &[String]) -> Result<Vec<Option<Object>>, Error> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        // A line break would be a second question.
        let asked: String = names.iter().map(|name| name.replace('\n', " ") + "\n").collect();
        let mut command = self.command();
        command.args(["cat-file", "--batch"]);
        let answer = self.read(command, asked.as_bytes(), "read objects").await?;
        let mut rest = answer.as_slice();
        let mut objects = Vec::with_capacity(names.len());
        for _ in names {
            let (object, length) = read_object(rest).ok_or_else(|| Error::Unexpected("read objects".into()))?;
            objects.push(object);
            rest = &rest[length..];
        }
        Ok(objects)
    }
}

/// Reads one answer of `cat-file --batch` and how long it was.
pub(super) fn read_object(answer: &[u8]) -> Option<(Option<Object>, usize)> {
    let line = answer.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&answer[..line]).ok()?;
    if head.ends_with(" missing") || head.ends_with(" ambiguous") {
        return Some((None, line + 1));
    }
    let mut words = head.split(' ');
    let (id, kind, size) = (words.next()?, words.next()?, words.next()?.parse::<usize>().ok()?);
    let content = answer.get(line + 1..line + 1 + size)?.to_vec();
    Some((Some(Object { id: id.into(), kind: kind.into(), content }), line + 1 + size + 1))
}
