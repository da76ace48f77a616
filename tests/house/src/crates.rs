//! The crates of the workspace: the direction of their imports, the diagram in `docs/architecture.md`, the toolchain.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

use crate::tree;

/// Line before the diagram in `docs/architecture.md`.
pub const BEGIN: &str = "<!-- crates: generated; `UPDATE_DIAGRAM=1 cargo test -p house --lib` rewrites it -->";

/// Line after the diagram.
pub const END: &str = "<!-- end of crates -->";

/// The crates of `common/`, from the top to the bottom: a crate imports only those below it.
pub const LAYERS: [&str; 8] = [
    "common/converge",
    "common/daemon",
    "common/results",
    "common/recipe",
    "common/docker",
    "common/systemd",
    "common/http",
    "common/base",
];

/// Folders of crates that are not installed.
const TOOLS: [&str; 3] = ["docs/", "nixos/", "tests/"];

/// Error of reading the workspace.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// cargo could not be started.
    #[error("cargo cannot be started")]
    Start(#[source] std::io::Error),
    /// `cargo metadata` failed.
    #[error("cargo metadata failed: {0}")]
    Cargo(String),
    /// The answer of `cargo metadata` has another form.
    #[error("cargo metadata: unexpected answer")]
    Answer(#[from] serde_json::Error),
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: String,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    rust_version: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// A crate of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crate {
    /// Folder, relative to the root of the repository.
    pub folder: String,
    /// Oldest version of Rust that builds it.
    pub rust_version: String,
    /// Folders of the crates of this workspace that it imports; without those of its tests.
    pub imports: BTreeSet<String>,
}

impl Crate {
    /// True if the crate only serves the development of the others.
    pub fn is_tool(&self) -> bool {
        TOOLS.iter().any(|folder| self.folder.starts_with(folder))
    }
}

/// Returns all crates of the workspace, by folder.
pub fn all() -> Result<Vec<Crate>, Error> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(tree::root())
        .output()
        .map_err(Error::Start)?;
    if !output.status.success() {
        return Err(Error::Cargo(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    let folder = |package: &Package| {
        let path = package.manifest_path.trim_end_matches("/Cargo.toml");
        path.trim_start_matches(&metadata.workspace_root).trim_start_matches('/').to_owned()
    };
    let folders: BTreeMap<&str, String> =
        metadata.packages.iter().map(|package| (package.name.as_str(), folder(package))).collect();
    let mut crates: Vec<Crate> = metadata
        .packages
        .iter()
        .map(|package| {
            let imports = package.dependencies.iter().filter(|dependency| dependency.kind.is_none());
            Crate {
                folder: folder(package),
                rust_version: package.rust_version.clone().unwrap_or_default(),
                imports: imports.filter_map(|dependency| folders.get(dependency.name.as_str()).cloned()).collect(),
            }
        })
        .collect();
    crates.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(crates)
}

/// Draws the installed crates as a Mermaid graph. An import that another import implies is left out.
pub fn diagram(crates: &[Crate]) -> String {
    let imports: BTreeMap<&str, &BTreeSet<String>> =
        crates.iter().map(|one| (one.folder.as_str(), &one.imports)).collect();
    let mut lines = vec!["```mermaid".to_owned(), "graph TD".to_owned()];
    for one in crates.iter().filter(|one| !one.is_tool()) {
        let implied =
            |import: &String| one.imports.iter().any(|other| other != import && is_reached(&imports, other, import));
        let direct: Vec<&String> = one.imports.iter().filter(|import| !implied(import)).collect();
        if direct.is_empty() {
            lines.push(format!("    {}", one.folder));
        }
        lines.extend(direct.iter().map(|import| format!("    {} --> {import}", one.folder)));
    }
    lines.push("```".to_owned());
    lines.join("\n")
}

/// True if `from` imports `to`, directly or through others.
fn is_reached(imports: &BTreeMap<&str, &BTreeSet<String>>, from: &str, to: &str) -> bool {
    imports.get(from).is_some_and(|next| next.contains(to) || next.iter().any(|next| is_reached(imports, next, to)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_diagram_is_the_workspace() {
        let path = tree::root().join("docs/architecture.md");
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once(BEGIN).expect("docs/architecture.md has lost the line before the diagram");
        let (drawn, after) = rest.split_once(END).expect("docs/architecture.md has lost the line after the diagram");
        let expected = format!("\n{}\n", diagram(&all().unwrap()));
        if std::env::var_os("UPDATE_DIAGRAM").is_some() {
            fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
            return;
        }
        assert_eq!(drawn, expected, "docs/architecture.md: run `UPDATE_DIAGRAM=1 cargo test -p house --lib`");
    }

    #[test]
    fn imports_point_down() {
        let layer = |folder: &str| LAYERS.iter().position(|layer| *layer == folder);
        let mut wrong = Vec::new();
        for one in all().unwrap() {
            assert!(
                !one.folder.starts_with("common/") || layer(&one.folder).is_some(),
                "{}: add it to LAYERS",
                one.folder
            );
            for import in &one.imports {
                let is_down = match (layer(&one.folder), layer(import)) {
                    (Some(from), Some(to)) => from < to,
                    (Some(_), None) => false,
                    // A converger imports the program that it deploys, and another converger's in no case.
                    (None, None) => one.is_tool() || import.starts_with(&format!("{}/", one.folder)),
                    (None, Some(_)) => true,
                };
                if !is_down {
                    wrong.push(format!("{} imports {import}", one.folder));
                }
            }
        }
        assert!(wrong.is_empty(), "imports point down `LAYERS` only:\n{}", wrong.join("\n"));
    }

    #[test]
    fn the_toolchain_is_the_oldest_version_that_is_promised() {
        let text = fs::read_to_string(tree::root().join("rust-toolchain.toml")).unwrap();
        let channel = text.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
        for one in all().unwrap() {
            let minor: String = channel.split('.').take(2).collect::<Vec<_>>().join(".");
            assert_eq!(one.rust_version, minor, "rust-version of {} and channel {channel}", one.folder);
        }
    }

    #[test]
    fn an_implied_import_is_not_drawn() {
        let made = |folder: &str, imports: &[&str]| Crate {
            folder: folder.into(),
            rust_version: String::new(),
            imports: imports.iter().map(|import| (*import).to_owned()).collect(),
        };
        let crates = [made("a", &["b", "c"]), made("b", &["c"]), made("c", &[]), made("tests/t", &["a"])];
        assert_eq!(diagram(&crates), "```mermaid\ngraph TD\n    a --> b\n    b --> c\n    c\n```");
    }
}
