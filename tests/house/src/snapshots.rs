//! Snapshots of insta that no test refers to any more.

use crate::tree::File;

/// Folders whose test itself compares the snapshots that are there with those it made, because it computes the names.
const COMPARED_BY_THEIR_TEST: [&str; 1] = ["nixos/tests/tests/nixos/snapshots/"];

/// Returns the name that a test gives to `insta::assert_snapshot!` for this file.
pub fn name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.strip_suffix(".snap").unwrap_or(file);
    stem.rsplit("__").next().unwrap_or(stem)
}

/// Returns the snapshots whose name is neither a string nor a function in the sources of their crate.
pub fn unreferenced<'a>(snapshots: &'a [String], sources: &[File]) -> Vec<&'a str> {
    let is_referenced = |path: &str| {
        let home = path.split_once("/src/").or_else(|| path.rsplit_once("/tests/")).map_or("", |(home, _)| home);
        let (text, function) = (format!("\"{}\"", name(path)), format!("fn {}(", name(path)));
        let mut own = sources.iter().filter(|file| file.path.starts_with(home));
        own.any(|file| file.text.contains(&text) || file.text.contains(&function))
    };
    let is_compared = |path: &str| COMPARED_BY_THEIR_TEST.iter().any(|folder| path.starts_with(folder));
    snapshots.iter().map(String::as_str).filter(|path| !is_compared(path) && !is_referenced(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn every_snapshot_has_a_test() {
        let snapshots = tree::paths(&["*.snap"]).unwrap();
        assert!(!snapshots.is_empty(), "no snapshot is tracked any more: remove this check");
        let orphans = unreferenced(&snapshots, &tree::files(&["*.rs"]).unwrap());
        assert!(orphans.is_empty(), "no test refers to these snapshots; remove them:\n{}", orphans.join("\n"));
    }

    #[test]
    fn a_snapshot_without_a_test_is_found() {
        let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
        let sources = [file("a/src/x.rs", "is(\"one\")"), file("b/src/x.rs", "is(\"two\")\nfn three() {}")];
        let snapshots = ["a/src/snapshots/one.snap", "a/src/snapshots/two.snap", "b/tests/snapshots/x__three.snap"];
        assert_eq!(unreferenced(&snapshots.map(str::to_owned), &sources), ["a/src/snapshots/two.snap"]);
    }
}
