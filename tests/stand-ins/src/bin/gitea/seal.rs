//! Stored secrets: only hashes, enough to compare; and random values.

use sha2::{Digest, Sha256};

pub fn sealed(secret: &str) -> String {
    base::hex::encode(Sha256::digest(format!("stand-in:{secret}")))
}

/// Random letters and digits.
pub fn random(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}

/// Random hexadecimal digits.
pub fn random_hex(length: usize) -> String {
    std::iter::repeat_with(|| fastrand::digit(16)).take(length).collect()
}

/// A random UUID for applications and deliveries.
pub fn uuid() -> String {
    [8, 4, 4, 4, 12].map(random_hex).join("-")
}
