//! Salted hashes of secrets, kept in labels. They show that a content changed without showing the content.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::hex;

/// Bytes of salt, so that hashes of likely secrets cannot be prepared ahead.
const SALT: usize = 16;

/// A salted SHA-256, written as `<salt>:<hash>`, both hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    salt: String,
    hash: String,
}

/// A text that is not a fingerprint.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no salted hash")]
pub struct InvalidFingerprint(String);

impl Fingerprint {
    /// The fingerprint of `content` under a new salt.
    pub fn new(content: &[u8]) -> Self {
        let salt: [u8; SALT] = std::array::from_fn(|_| fastrand::u8(..));
        let salt = hex::encode(salt);
        let hash = hash(&salt, content);
        Self { salt, hash }
    }

    /// True if this is the fingerprint of `content`.
    pub fn is_of(&self, content: &[u8]) -> bool {
        hash(&self.salt, content) == self.hash
    }
}

fn hash(salt: &str, content: &[u8]) -> String {
    hex::encode(Sha256::new().chain_update(salt).chain_update(content).finalize())
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.salt, self.hash)
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        match text.split_once(':') {
            Some((salt, hash)) if salt.len() == 2 * SALT && hash.len() == 64 => {
                Ok(Self { salt: salt.into(), hash: hash.into() })
            }
            _ => Err(InvalidFingerprint(text.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_is_recognised_and_another_is_not() {
        let one = Fingerprint::new(b"content");
        let read: Fingerprint = one.to_string().parse().unwrap();
        assert!(read.is_of(b"content"));
        assert!(!read.is_of(b"contents"));
        assert_ne!(one, Fingerprint::new(b"content"), "each has a salt of its own");
        for wrong in ["", ":", "ab:cd", "content"] {
            assert!(wrong.parse::<Fingerprint>().is_err());
        }
    }
}
