//! File names that say nothing, and files that are committed by accident.

/// Names that do not say what lives in a file.
const VAGUE: [&str; 6] = ["util", "utils", "helper", "helpers", "manager", "misc"];

/// Suffixes of files that a tool left behind.
const LEFT_BEHIND: [&str; 4] = [".snap.new", ".pending-snap", ".orig", ".rej"];

/// Returns the reason why a file may not have this path, if there is one.
pub fn problem(path: &str) -> Option<String> {
    let file = path.rsplit('/').next().unwrap_or(path);
    if let Some(suffix) = LEFT_BEHIND.iter().find(|suffix| file.ends_with(*suffix)) {
        return Some(format!("{path}: `*{suffix}` is left behind by a tool; remove it"));
    }
    let (stem, extension) = file.rsplit_once('.')?;
    if !["rs", "nix", "sh", "py"].contains(&extension) {
        return None;
    }
    if file == "mod.rs" {
        return Some(format!("{path}: name the module's file after its folder, beside it"));
    }
    VAGUE.contains(&stem).then(|| format!("{path}: the name does not say what is in the file"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn every_file_is_named_after_its_subject() {
        let problems: Vec<String> = tree::paths(&[]).unwrap().iter().filter_map(|path| problem(path)).collect();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn vague_names_and_leftovers_are_found() {
        for path in ["a/mod.rs", "a/utils.rs", "misc.nix", "b/x.snap.new", "x.rs.orig"] {
            assert!(problem(path).is_some(), "{path}");
        }
        for path in ["a/model.rs", "a/utilisation.rs", "x.snap", "Makefile", "manager/x.rs"] {
            assert_eq!(problem(path), None, "{path}");
        }
    }
}
