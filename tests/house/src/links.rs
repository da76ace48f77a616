//! Relative links of the documents: the file is there, and the heading too.

use std::path::{Component, Path, PathBuf};

use crate::tree::{self, File};

/// Returns one line for each relative link that leads nowhere.
pub fn broken(documents: &[File]) -> Vec<String> {
    let mut broken = Vec::new();
    for document in documents {
        for link in links(&document.text) {
            if let Some(reason) = problem(document, &link, documents) {
                broken.push(format!("{}: ({link}): {reason}", document.path));
            }
        }
    }
    broken
}

fn problem(document: &File, link: &str, documents: &[File]) -> Option<&'static str> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = if path.is_empty() {
        document.path.clone()
    } else {
        let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
        let target = normal(&folder.join(path));
        if !tree::root().join(&target).exists() {
            return Some("there is no such file");
        }
        target.to_string_lossy().into_owned()
    };
    let anchor = anchor?;
    let page = documents.iter().find(|page| page.path == target)?;
    let is_there = headings(&page.text).any(|heading| slug(heading) == anchor);
    (!is_there).then_some("there is no such heading")
}

/// Removes `.` and `..`, so that the path can be compared with those of git.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// Targets of inline links outside of code.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(text) {
        // Even parts are outside of `code`.
        let line: String = line.split('`').step_by(2).collect();
        for part in line.split("](").skip(1) {
            links.extend(part.split([')', ' ']).next().map(str::to_owned));
        }
    }
    links
}

fn headings(text: &str) -> impl Iterator<Item = &str> {
    prose(text).filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim())
}

/// Lines outside of fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Returns a heading's anchor as Gitea and GitHub build it.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.flat_map(char::to_lowercase).map(|char| if char == ' ' { '-' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relative_link_leads_somewhere() {
        let broken = broken(&tree::files(&["*.md"]).unwrap());
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    #[test]
    fn broken_links_are_found() {
        let page = |path: &str, text: &str| File { path: path.into(), text: text.into() };
        let text = "# Top\n[a](../README.md) [b](nowhere.md) [c](#top-2) `[d](no.md)` [e](https://x.org/no)\n```\n[f](no.md)\n```\n";
        let broken = broken(&[page("docs/page.md", text)]);
        assert_eq!(
            broken,
            ["docs/page.md: (nowhere.md): there is no such file", "docs/page.md: (#top-2): there is no such heading"]
        );
        assert_eq!(slug("It does nothing?"), "it-does-nothing");
    }
}
