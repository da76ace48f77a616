//! Secrets as they are kept: only good for telling whether one is the same.

use sha2::{Digest, Sha256};

pub fn sealed(secret: &str) -> String {
    base::hex::encode(Sha256::digest(format!("stand-in:{secret}")))
}

/// Letters and digits.
pub fn random(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}

/// Digits of a hexadecimal number.
pub fn random_hex(length: usize) -> String {
    std::iter::repeat_with(|| fastrand::digit(16)).take(length).collect()
}

/// As applications and deliveries are told apart.
pub fn uuid() -> String {
    [8, 4, 4, 4, 12].map(random_hex).join("-")
}
