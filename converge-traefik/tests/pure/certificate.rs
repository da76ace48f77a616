//! Every generated pair gets the verdict that it should, in every spelling.

use base::error::{Explain, Explained};
use converge_traefik::certificate::{Certificate, Error};
use secrecy::{ExposeSecret, SecretString};

use crate::pairs::{DOMAIN, NOW, Pair, Verdict, chains, spellings};

fn read(chain: &str, key: &str) -> Result<Certificate, Error> {
    read_at(chain, key, NOW)
}

fn read_at(chain: &str, key: &str, now: &str) -> Result<Certificate, Error> {
    Certificate::read(&SecretString::from(chain), &SecretString::from(key), DOMAIN, now.parse().unwrap())
}

fn told(certificate: &Certificate) -> Vec<String> {
    certificate.warnings.iter().map(|warning| format!("{}; {}", warning.message(), warning.hint())).collect()
}

#[track_caller]
fn assert_verdict(pair: &Pair) {
    let read = read_at(&pair.chain, &pair.key, &pair.now);
    match (&pair.verdict, &read) {
        (Verdict::Clean, Ok(certificate)) => assert_eq!(told(certificate), [""; 0], "{}", pair.name),
        (Verdict::Warned(words) | Verdict::Laxer(words), Ok(certificate)) => {
            assert!(
                told(certificate).iter().any(|told| told.contains(words)),
                "{}: {:?}",
                pair.name,
                told(certificate)
            );
        }
        (Verdict::Refused(words) | Verdict::Stricter(words), Err(error)) => {
            assert!(error.to_string().contains(words), "{}: {error}", pair.name);
            assert!(error.hint().is_some(), "{}: {error}", pair.name);
        }
        _ => panic!("{}: {read:?}", pair.name),
    }
}

#[test]
fn every_chain_is_judged_as_a_client_judges_it() {
    chains().iter().for_each(assert_verdict);
}

#[test]
fn every_spelling_of_a_good_pair_is_read_and_its_flaw_named() {
    let good = good();
    let clean = read(&good.chain, &good.key).unwrap();
    for (name, flaw, spell) in spellings() {
        let verdict = if flaw.is_empty() { Verdict::Clean } else { Verdict::Warned(flaw) };
        let pair =
            Pair { name: name.to_owned(), chain: spell(&good.chain), key: spell(&good.key), verdict, ..good.clone() };
        assert_verdict(&pair);
        let read = read(&pair.chain, &pair.key).unwrap();
        assert_eq!(read.fullchain.expose_secret(), clean.fullchain.expose_secret(), "{name}");
        assert_eq!(read.privkey.expose_secret(), clean.privkey.expose_secret(), "{name}");
        // What is deployed is clean.
        let again = self::read(read.fullchain.expose_secret(), read.privkey.expose_secret()).unwrap();
        assert_eq!(told(&again), [""; 0], "{name}");
    }
}

/// The usual chain, with padding in its base64.
fn good() -> Pair {
    loop {
        if let Some(good) = chains().into_iter().next().filter(|pair| pair.chain.contains('=')) {
            return good;
        }
    }
}

#[test]
fn clean_files_are_deployed_as_they_are() {
    let good = good();
    let read = read(&good.chain, &good.key).unwrap();
    assert_eq!(read.fullchain.expose_secret(), good.chain.replace('\r', ""));
    assert_eq!(read.privkey.expose_secret(), good.key.replace('\r', ""));
}

#[test]
fn until_is_the_earliest_end_of_the_chain() {
    let until = |name: &str| {
        let pair = chains().into_iter().find(|pair| pair.name == name).unwrap();
        read(&pair.chain, &pair.key).unwrap().valid_until.to_string()
    };
    assert_eq!(until("leaf, intermediate"), "2027-02-11T00:00:00Z");
    assert_eq!(until("ends with its issuer"), "2026-12-24T00:00:00Z");
}

/// Damage of every kind to a key, wherever it stands: no part of it is ever printed, as text or as numbers.
#[test]
fn nothing_of_a_key_is_ever_printed() {
    let good = good();
    let lines: Vec<&str> = good.key.lines().collect();
    let body = lines[1..lines.len() - 1].concat();
    let ways: [fn(&str) -> String; 8] = [
        |key| key.to_owned(),
        |key| key.replace("-----BEGIN", "----BEGIN"),
        |key| key.replace("BEGIN PRIVATE KEY-----", "BEGIN PRIVATE KEY----"),
        |key| key.replace("PRIVATE KEY", "CERTIFICATE"),
        |key| key.replace("-----END", "----END"),
        |key| key.replacen("MI", "M!I", 1),
        |key| key.replace("-----BEGIN PRIVATE KEY-----", ""),
        |key| key[..key.len() / 2].to_owned(),
    ];
    for damage in ways {
        let damaged = damage(&good.key);
        for (chain, key) in [
            (damaged.clone(), good.key.clone()),
            (format!("{damaged}{}", good.chain), good.key.clone()),
            (format!("{}{damaged}", good.chain), good.key.clone()),
            (good.chain.clone(), damaged.clone()),
            (good.chain.clone(), format!("{}{damaged}", good.chain)),
        ] {
            let shown = match read(&chain, &key) {
                Ok(certificate) => format!("{certificate:?} {:?}", told(&certificate)),
                Err(error) => format!("{} {error:?}", Explained::new(&error)),
            };
            let has_text = (0..body.len() - 12).any(|at| shown.contains(&body[at..at + 12]));
            let digits = shown.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()).count();
            assert!(!has_text && digits < 12, "{shown}");
        }
    }
}
