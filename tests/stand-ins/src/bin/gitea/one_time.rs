//! One-time passcodes (RFC 6238): six digits, valid for 30 s.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret.
pub fn secret() -> String {
    std::iter::repeat_with(|| char::from(LETTERS[fastrand::usize(..LETTERS.len())])).take(32).collect()
}

/// True if a passcode is of this 30 s step or a neighbouring one.
pub fn fits(secret: &str, passcode: &str, now: i64) -> bool {
    let step = now / 30;
    (step - 1..=step + 1).any(|step| self::passcode(secret, step).as_deref() == Some(passcode))
}

fn passcode(secret: &str, step: i64) -> Option<String> {
    let (mut key, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in secret.bytes() {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        (bits, count) = ((bits << 5) | u32::try_from(value).ok()?, count + 5);
        if count >= 8 {
            count -= 8;
            key.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).ok()?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 0xf);
    let number = u32::from_be_bytes([digest[at] & 0x7f, digest[at + 1], digest[at + 2], digest[at + 3]]);
    Some(format!("{:06}", number % 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_passcodes_of_the_standard_come_out() {
        // RFC 6238, appendix B, the last six digits.
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert!(fits(secret, "287082", 59));
        assert!(fits(secret, "081804", 1_111_111_109));
        assert!(!fits(secret, "081804", 59));
    }
}
