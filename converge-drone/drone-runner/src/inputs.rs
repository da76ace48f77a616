//! What a runner was started with, in one text to fingerprint: converge-drone compares it to what is there now, and so
//! sees a runner that is stale.

use base::hex;
use sha2::{Digest, Sha256};

/// The configuration's bytes and the RPC secret as one text. Its fingerprint ([`base::fingerprint`]) is `inputs` in the
/// runner's `status.json`. The text is a hash of both, yet has no salt: keep it to yourself.
pub fn inputs(configuration: &[u8], secret: &str) -> String {
    // Each hashed by itself, so that nothing of one can pass for the other.
    let parts = [Sha256::digest(configuration), Sha256::digest(secret.trim())];
    parts.map(hex::encode).concat()
}

#[cfg(test)]
mod tests {
    use base::fingerprint::Fingerprint;

    use super::*;

    #[test]
    fn a_change_of_either_shows() {
        let now = Fingerprint::new(inputs(b"{}", "secret").as_bytes());
        assert!(now.is_of(inputs(b"{}", "secret\n").as_bytes()), "a newline at the end is nobody's secret");
        assert!(!now.is_of(inputs(b"{ }", "secret").as_bytes()));
        assert!(!now.is_of(inputs(b"{}", "secrets").as_bytes()));
    }
}
