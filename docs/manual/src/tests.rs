//! Every program has a page and completions that name each of its flags.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::{SECTION, programs, write};
use clap::Command;

/// Folders of the converger crates, and of the crates in them, that have a `main.rs`.
fn shipped() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = |path: &Path| {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let convergers = folders(&root).into_iter().filter(|path| name(path).starts_with("converge-")).collect::<Vec<_>>();
    let inner = convergers.iter().flat_map(|path| folders(path)).collect::<Vec<_>>();
    let all = convergers.iter().chain(&inner);
    all.filter(|path| path.join("src/main.rs").is_file()).map(|path| name(path)).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Names of the long flags of a command and of its subcommands, with the subcommands' own names.
fn words(command: &mut Command) -> Vec<String> {
    command.build();
    let flags = command.get_arguments().filter_map(|argument| argument.get_long()).map(|long| format!("--{long}"));
    let subcommands = command.get_subcommands().map(|sub| sub.get_name().to_owned());
    flags.chain(subcommands).collect()
}

#[test]
fn every_program_has_a_page_that_names_each_flag() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path()).unwrap();
    let names: BTreeSet<String> = programs().iter().map(|command| command.get_name().to_owned()).collect();
    assert_eq!(names, shipped(), "the programs of `manual::programs` are not those of the tree");

    for mut command in programs() {
        let name = command.get_name().to_owned();
        let page = fs::read_to_string(directory.path().join(format!("man/{name}.{SECTION}"))).unwrap();
        let page = page.replace("\\-", "-");
        let words = words(&mut command);
        assert!(words.len() >= 4, "{name}: {words:?}");
        for word in &words {
            assert!(page.contains(word), "{name}.{SECTION} does not name {word}:\n{page}");
        }
        for section in ["SYNOPSIS", "OPTIONS", "FILES", "EXIT STATUS", "SEE ALSO"] {
            assert!(page.contains(section), "{name}.{SECTION} has no section {section}");
        }
        for file in [format!("{name}.bash"), format!("_{name}"), format!("{name}.fish")] {
            let completions = fs::read_to_string(directory.path().join("completions").join(&file)).unwrap();
            for word in &words {
                assert!(completions.contains(word.trim_start_matches("--")), "{file} does not complete {word}");
            }
        }
    }
}

#[test]
fn pages_are_the_same_each_time() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(one.path()).unwrap();
    write(two.path()).unwrap();
    for folder in ["man", "completions"] {
        for entry in fs::read_dir(one.path().join(folder)).unwrap().map(Result::unwrap) {
            let other = fs::read(two.path().join(folder).join(entry.file_name())).unwrap();
            assert!(fs::read(entry.path()).unwrap() == other, "{} differs", entry.path().display());
        }
    }
}
