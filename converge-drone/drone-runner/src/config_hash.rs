//! The hash of the configuration and the RPC secret of a runner. converge-drone compares it to the files as they are now,
//! and restarts a runner with old ones.

use sha2::{Digest, Sha256};

/// Hashes the bytes of the configuration and the RPC secret. `status.json` has only a salted
/// [fingerprint](base::fingerprint) of this text: the text itself has no salt and must stay secret.
pub fn config_hash(configuration: &[u8], secret: &str) -> String {
    // Two hashes, so that bytes cannot move from one part to the other unseen.
    [Sha256::digest(configuration), Sha256::digest(secret.trim())].map(base::hex::encode).concat()
}

#[cfg(test)]
mod tests {
    use base::fingerprint::Fingerprint;

    use super::*;

    #[test]
    fn a_change_of_either_shows() {
        let now = Fingerprint::new(config_hash(b"{}", "secret").as_bytes());
        assert!(now.is_of(config_hash(b"{}", "secret\n").as_bytes()), "a newline at the end is not part of a secret");
        assert!(!now.is_of(config_hash(b"{ }", "secret").as_bytes()));
        assert!(!now.is_of(config_hash(b"{}", "secrets").as_bytes()));
    }
}
