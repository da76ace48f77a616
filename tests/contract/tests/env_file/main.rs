//! `.env` files as abra's parser reads them, held to the parser itself.
//!
//! abra reads by a fork of godotenv 1.5.1, which no module proxy has. Values are read as 1.5.1 reads them. They are written so
//! that 1.6 reads the same, in which comments and quotes end elsewhere.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

mod generated;
mod godotenv;

use recipe::env_file::{EnvFile, can_hold};

use generated::Generator;
use godotenv::{Godotenv, Values};

/// Generated files a test.
const FILES: usize = 30_000;

#[test]
fn files_are_read_as_godotenv_reads_them() {
    let Some(godotenv) = Godotenv::first("files_are_read_as_godotenv_reads_them") else { return };
    let mut generator = Generator::new();
    let files: Vec<Vec<u8>> = (0..FILES).map(|_| generator.file()).collect();
    let mut refused = 0;
    for (file, theirs) in files.iter().zip(godotenv.read(&files)) {
        let ours = EnvFile::parse(file);
        let text = String::from_utf8_lossy(file);
        if let Some(theirs) = theirs {
            assert_eq!(ours.odd_lines(), [], "{text:?}");
            assert_eq!(ours.values(), theirs, "{text:?}");
        } else {
            refused += 1;
            assert!(!ours.odd_lines().is_empty(), "{text:?}");
        }
    }
    assert!((FILES / 10..FILES * 9 / 10).contains(&refused), "{refused} of {FILES} refused");
    println!("{FILES} files: {refused} refused by both, the others read alike");
}

#[test]
fn values_are_written_so_that_every_godotenv_reads_them_back() {
    let test = "values_are_written_so_that_every_godotenv_reads_them_back";
    let Some(readers) = Godotenv::first(test).and_then(|first| Some([first, Godotenv::later(test)?])) else { return };
    let mut generator = Generator::new();
    let mut edits = Vec::new();
    while edits.len() < FILES {
        let (definitions, value) = (generator.definitions(), generator.value());
        let mut file = EnvFile::parse(&definitions);
        if !can_hold(&value) {
            assert!(value.ends_with('\\') && value.contains(['\n', '\r']), "{value:?}");
            continue;
        }
        file.set("KEY", &value).unwrap();
        edits.push((definitions, value, file.to_bytes()));
    }
    let before: Vec<Vec<u8>> = edits.iter().map(|(text, ..)| text.clone()).collect();
    let after: Vec<Vec<u8>> = edits.iter().map(|(.., file)| file.clone()).collect();
    for reader in readers {
        let pairs = reader.read(&before).into_iter().zip(reader.read(&after));
        for ((text, value, file), (before, after)) in edits.iter().zip(pairs) {
            let seen =
                || format!("{value:?} in {:?}: {:?}", String::from_utf8_lossy(text), String::from_utf8_lossy(file));
            let mut expected: Values = before.unwrap_or_else(|| panic!("{}", seen()));
            expected.insert("KEY".into(), value.clone());
            assert_eq!(after, Some(expected), "{}", seen());
        }
    }
    println!("{FILES} values: written, and read back by both versions");
}
