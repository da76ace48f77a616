//! The part of the repository that the packages are built from: it compiles, and no test is in it.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use nixos_tests::{Nix, root};
use serde::Deserialize;

/// `nixos/source.nix` and what `nixos/packages.nix` builds of it.
#[derive(Debug, Deserialize)]
struct Source {
    src: PathBuf,
    patch: String,
    flags: Vec<String>,
}

const SOURCE: &str = r"let
    inherit (import ./nixos/tests/evaluate.nix { modules = [ ]; }) lib pkgs;
    inherit ((import ./nixos/packages.nix { inherit lib pkgs; }).converge-swarm) workspace;
in { inherit (workspace.args) src; patch = workspace.args.postPatch; flags = workspace.args.cargoBuildFlags; }";

/// Every file below a folder, relative to it.
fn files(folder: &Path) -> Vec<PathBuf> {
    fn add(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(root, &path, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    add(folder, folder, &mut found);
    found.sort();
    found
}

/// Copies a file with its time of change, by which cargo knows what it has compiled already.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
    let changed = fs::metadata(from).unwrap().modified().unwrap();
    File::options().write(true).open(to).unwrap().set_modified(changed).unwrap();
}

/// True if cargo sets this variable for the package whose test it runs.
fn is_of_a_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// A copy of the repository without what git ignores.
fn copy_of_the_repository() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_file() {
            copy(&path, &directory.path().join(name));
        } else if name != "target" && name != ".git" {
            for file in files(&path) {
                copy(&path.join(&file), &directory.path().join(name).join(&file));
            }
        }
    }
    directory
}

#[test]
fn exactly_the_filtered_tree_compiles() {
    let Some(nix) = Nix::find_or_skip("exactly_the_filtered_tree_compiles") else { return };
    let source: Source = nix.stored(SOURCE).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // In one place for all runs, so that cargo compiles only what has changed since the last one.
    let tree = target.join("filtered-source");
    if tree.exists() {
        fs::remove_dir_all(&tree).unwrap();
    }
    for file in files(&source.src) {
        copy(&root().join(&file), &tree.join(&file));
    }
    let patched = Command::new("sh").args(["-e", "-c", &source.patch]).current_dir(&tree).status().unwrap();
    assert!(patched.success());

    let began = Instant::now();
    let mut cargo = Command::new(env!("CARGO"));
    // Set by the cargo that runs this test; build scripts of dependencies would run again because of them.
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_a_package(name)) {
        cargo.env_remove(name);
    }
    let cargo = cargo
        .args(["check", "--quiet", "--locked", "--offline", "--target-dir"])
        .arg(target.parent().unwrap())
        .args(&source.flags)
        .current_dir(&tree)
        .output()
        .unwrap();
    println!("cargo check of the filtered tree: {:.1} s", began.elapsed().as_secs_f32());
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
}

#[test]
fn a_change_of_a_test_changes_no_store_path() {
    let Some(nix) = Nix::find_or_skip("a_change_of_a_test_changes_no_store_path") else { return };
    let repository = copy_of_the_repository();
    let nix = nix.of(repository.path());
    let path = || nix.value::<Source>(SOURCE).unwrap().src;
    let add = |file: &str| {
        let file = repository.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let text = fs::read_to_string(&file).unwrap_or_default();
        fs::write(file, text + "\n").unwrap();
    };
    let before = path();
    for test in [
        "README.md",
        "docs/install.md",
        "nixos/swarm.nix",
        "nixos/tests/src/lib.rs",
        "tests/lab/src/main.rs",
        "tests/lab/src/added.rs",
        "tests/catalogue/added/compose.yml",
        "converge-swarm/tests/plan.rs",
        "converge-swarm/tests/cases/added/desired.json",
        "converge-swarm/README.md",
        "converge-traefik/src/certificate/tests.rs",
        "converge-traefik/src/certificate/added/tests.rs",
        "converge-traefik/src/certificate/tests/added.pem",
        "common/base/src/added/snapshots/added.snap",
    ] {
        add(test);
        assert_eq!(path(), before, "{test}");
    }
    let mut seen = vec![before];
    for source in [
        "common/base/src/lib.rs",
        "common/base/src/added.rs",
        "converge-swarm/src/main.rs",
        "converge-bridge/comment-bridge/src/lib.rs",
        "converge-dashboard/dashboard/templates/layout.html",
        "converge-dashboard/dashboard/assets/style.css",
        "tests/lab/Cargo.toml",
        "Cargo.lock",
    ] {
        add(source);
        let after = path();
        assert!(!seen.contains(&after), "{source}");
        seen.push(after);
    }
}

#[test]
fn every_test_module_is_left_out() {
    let Some(nix) = Nix::find_or_skip("every_test_module_is_left_out") else { return };
    let source: Source = nix.stored(SOURCE).unwrap();
    for file in files(&source.src) {
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(source.src.join(&file)).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]" && pair[1].ends_with(';')) {
            let module = pair[1].trim_end_matches(';').split("mod ").nth(1);
            assert!(module.is_none_or(|name| name == "tests"), "{}: {}", file.display(), pair[1]);
        }
    }
}

#[test]
fn each_package_takes_its_programs_from_one_build() {
    let Some(nix) = Nix::find_or_skip("each_package_takes_its_programs_from_one_build") else { return };
    let packages: BTreeMap<String, (PathBuf, String)> = nix
        .value(
            r#"let
                 inherit (import ./nixos/tests/evaluate.nix { modules = [ ]; }) lib pkgs;
                 packages = removeAttrs (import ./nixos/packages.nix { inherit lib pkgs; }) [ "comment-bridge-image" "dashboard-image" ];
               in lib.mapAttrs (_: package: [ package.workspace.args.src package.script ]) packages"#,
        )
        .unwrap();
    let source: Source = nix.value(SOURCE).unwrap();
    assert!(source.flags.contains(&"--package=manual".to_owned()), "it writes the man pages: {:?}", source.flags);
    for (package, (src, script)) in packages {
        assert_eq!(src, source.src, "{package}");
        let programs: Vec<_> = script.lines().filter_map(|line| line.rsplit_once("/bin/")).map(|line| line.1).collect();
        let expected =
            if package == "converge-drone" { vec!["converge-drone", "drone-runner"] } else { vec![&*package] };
        assert_eq!(programs, expected, "{package}");
        let words = |after: &str| -> Vec<_> {
            script.split(after).skip(1).filter_map(|rest| rest.split([' ', ';']).next()).map(str::to_owned).collect()
        };
        let pages = match &*package {
            "comment-bridge" | "dashboard" => vec![],
            "converge-bridge" => vec!["converge-bridge", "comment-bridge"],
            "converge-dashboard" => vec!["converge-dashboard", "dashboard"],
            _ => expected,
        };
        let man_pages: Vec<_> = pages.iter().map(|program| format!("man/{program}.8")).collect();
        assert_eq!(words("installManPage "), man_pages, "{package}");
        assert_eq!(words("installShellCompletion --cmd "), pages, "{package}");
    }
}
