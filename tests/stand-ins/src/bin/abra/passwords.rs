//! Secrets as abra generates them: passwords of a given length, or phrases where no length is given.

use std::fs::File;
use std::io::Read;

use crate::expand::Env;
use crate::fatal::Fatal;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Words of phrases. A stand-in needs no long list.
const WORDS: [&str; 16] = [
    "acorn", "basin", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "juniper", "knoll", "lagoon",
    "maple", "nectar", "otter", "pebble",
];

pub fn generate(modifiers: &Env) -> Result<String, Fatal> {
    let Some(length) = modifiers.get("length") else {
        let words = pick(WORDS.len(), 8)?.into_iter().map(|at| WORDS[at]);
        return Ok(words.collect::<Vec<_>>().join("-"));
    };
    let length: usize = length.parse().map_err(|_| Fatal::new(format!("length={length} is no number")))?;
    let letters: Vec<char> = match modifiers.get("charset").map(String::as_str) {
        Some("hex") => "0123456789abcdef".chars().collect(),
        Some("special") => "!@#$%^&*_-+=".chars().chain(LETTERS.chars()).collect(),
        _ => LETTERS.chars().collect(),
    };
    Ok(pick(letters.len(), length)?.into_iter().map(|at| letters[at]).collect())
}

/// Numbers below `limit`, from the kernel's random generator.
fn pick(limit: usize, count: usize) -> Result<Vec<usize>, Fatal> {
    let mut random = File::open("/dev/urandom").map_err(Fatal::when("open /dev/urandom"))?;
    let mut bytes = [0; 8];
    (0..count)
        .map(|_| {
            random.read_exact(&mut bytes).map_err(Fatal::when("read /dev/urandom"))?;
            // The remainder is below `limit`, so it fits.
            Ok(usize::try_from(u64::from_ne_bytes(bytes) % limit as u64).unwrap_or_default())
        })
        .collect()
}
