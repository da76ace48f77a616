//! Compares the verdict on generated pairs with that of Go, which Traefik is written in: what is deployed, Traefik loads
//! and clients verify; what is refused, they refuse too, but for the exceptions that the table names.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod keys;
#[path = "../pure/pairs.rs"]
mod pairs;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use converge_traefik::certificate::{Certificate, Error};
use pairs::{DOMAIN, Pair, Verdict, chains, spellings};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// The judge, built.
struct Go {
    folder: PathBuf,
}

impl Go {
    /// Builds the judge. `None` without Go, after a line that says so.
    fn build(test: &str) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let usual = PathBuf::from("/usr/local/go/bin");
        let go = std::env::split_paths(&path).chain([usual]).map(|folder| folder.join("go")).find(|go| go.is_file());
        let Some(go) = go else {
            println!("\nskipped: {test}: there is no Go");
            return None;
        };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        std::fs::create_dir_all(&folder).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/go/verify.go");
        let mut build = Command::new(go);
        build.args(["build", "-o"]).arg(folder.join("verify")).arg(source);
        let output = build.current_dir(&folder).env("GOFLAGS", "").env("GOTOOLCHAIN", "local").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(Self { folder })
    }

    /// Go's verdict on each pair: an empty text, or its error.
    fn judge(&self, pairs: &[Pair]) -> Vec<String> {
        let asked: Vec<_> = pairs
            .iter()
            .map(|pair| {
                let names = [DOMAIN.to_owned(), format!("any.{DOMAIN}")];
                json!({ "chain": pair.chain, "key": pair.key, "roots": pair.roots, "names": names, "now": pair.now })
            })
            .collect();
        let mut judge = Command::new(self.folder.join("verify"));
        let mut judge = judge.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        judge.stdin.take().unwrap().write_all(&serde_json::to_vec(&asked).unwrap()).unwrap();
        let output = judge.wait_with_output().unwrap();
        let said: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said.len(), pairs.len());
        said
    }
}

fn read(pair: &Pair) -> Result<Certificate, Error> {
    let (chain, key) = (SecretString::from(pair.chain.as_str()), SecretString::from(pair.key.as_str()));
    Certificate::read(&chain, &key, DOMAIN, pair.now.parse().unwrap())
}

/// Every chain, and every good or refused chain in every spelling.
fn generated() -> Vec<Pair> {
    let mut all = chains();
    for pair in chains() {
        for (spelling, _, spell) in spellings() {
            let name = format!("{}, {spelling}", pair.name);
            all.push(Pair { name, chain: spell(&pair.chain), key: spell(&pair.key), ..pair.clone() });
        }
    }
    all
}

#[test]
fn go_loads_and_verifies_every_accepted_pair() {
    let Some(go) = Go::build("go_loads_and_verifies_every_accepted_pair") else { return };
    let all = [generated(), keys::pairs()].concat();
    let deployed: Vec<Pair> = all
        .into_iter()
        .filter(|pair| !matches!(pair.verdict, Verdict::Laxer(_)))
        .filter_map(|pair| {
            let read = read(&pair).ok()?;
            let (chain, key) = (read.fullchain.expose_secret().to_owned(), read.privkey.expose_secret().to_owned());
            Some(Pair { chain, key, ..pair })
        })
        .collect();
    for (pair, said) in deployed.iter().zip(go.judge(&deployed)) {
        assert_eq!(said, "", "{}", pair.name);
    }
    println!("{} deployed pairs, Go loads and verifies all of them", deployed.len());
    assert!(deployed.len() > 100, "{}", deployed.len());
}

#[test]
fn go_refuses_every_refused_pair() {
    let Some(go) = Go::build("go_refuses_every_refused_pair") else { return };
    let refused: Vec<Pair> =
        [generated(), keys::pairs()].concat().into_iter().filter(|pair| read(pair).is_err()).collect();
    let said = go.judge(&refused);
    let takes: Vec<&str> = refused
        .iter()
        .zip(&said)
        .filter(|(pair, said)| said.is_empty() && !matches!(pair.verdict, Verdict::Stricter(_)))
        .map(|(pair, _)| pair.name.as_str())
        .collect();
    assert_eq!(takes, [""; 0], "Go takes these, and they are refused");
    println!(
        "{} refused pairs, {} of them against Go",
        refused.len(),
        said.iter().filter(|said| said.is_empty()).count()
    );
}

/// The exceptions of the table are ones: as given, in clean text, Go differs from the verdict.
#[test]
fn every_exception_is_one() {
    let Some(go) = Go::build("every_exception_is_one") else { return };
    let all = [chains(), keys::pairs()].concat();
    for (pair, said) in all.iter().zip(go.judge(&all)) {
        match pair.verdict {
            Verdict::Stricter(_) | Verdict::Clean => assert_eq!(said, "", "{}", pair.name),
            Verdict::Laxer(_) | Verdict::Refused(_) => assert_ne!(said, "", "{}", pair.name),
            // Go may stop at what a warning is about.
            Verdict::Warned(_) => {}
        }
    }
}

#[test]
fn keys_that_cannot_be_used_are_told_with_what_mends_them() {
    for pair in keys::pairs() {
        match (&pair.verdict, read(&pair)) {
            (Verdict::Clean, Ok(_)) => {}
            (Verdict::Stricter(words), Err(error)) => {
                assert!(error.to_string().contains(words), "{}: {error}", pair.name);
            }
            (_, read) => panic!("{}: {read:?}", pair.name),
        }
    }
    if let Some((missing, mended)) = keys::without_public_part() {
        use base::error::Explain;
        let error = read(&missing).unwrap_err();
        assert!(error.hint().unwrap().contains("openssl ec -in privkey.pem -out complete.pem"), "{:?}", error.hint());
        read(&mended).unwrap();
    }
}
