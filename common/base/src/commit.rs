//! Hashes of git commits.

/// True if a text can be a commit's hash, SHA-1 or SHA-256.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::is_commit;

    #[test]
    fn a_hash_is_whole_and_lower_case() {
        for length in [40, 64] {
            assert!(is_commit(&"0f".repeat(length / 2)));
        }
        for other in ["", "main", "0123456", &"0".repeat(39), &"0".repeat(41), &"G".repeat(40), &"A".repeat(40)] {
            assert!(!is_commit(other), "{other}");
        }
    }
}
