//! Words and amounts that several pages show.

use results::RungStatus;

/// Returns a duration as `1 h 2 min`, `3 min 4 s` or `5 s`.
pub fn duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) if rest == 0 => format!("{minutes} min"),
        (0, _) => format!("{minutes} min {rest} s"),
        (_, 0) => format!("{hours} h"),
        _ => format!("{hours} h {minutes} min"),
    }
}

/// Returns a size as `12 kB`; empty for an unknown one.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0 => String::new(),
        1..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// Returns a text as one part of a path in a URL.
pub fn encoded(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => path.push(char::from(byte)),
            byte => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

/// Returns the first eight characters of a commit.
pub fn commit(commit: &str) -> String {
    commit.chars().take(8).collect()
}

/// Returns what a level stands for.
pub fn level_name(level: u8) -> &'static str {
    match level {
        0 => "nothing passed",
        1 => "install",
        2 => "upgrade",
        3 => "backup and restore",
        4 => "own tests",
        _ => "lint",
    }
}

/// Returns the word of a rung's status.
pub fn status_word(status: RungStatus) -> &'static str {
    match status {
        RungStatus::Pass => "passed",
        RungStatus::Fail => "failed",
        RungStatus::Skip => "does not apply",
        RungStatus::Unverified => "not tested",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_path_has_no_other_meaning() {
        assert_eq!(encoded("matrix-synapse_2.0~a"), "matrix-synapse_2.0~a");
        assert_eq!(encoded("a/b?c#d%ä"), "a%2Fb%3Fc%23d%25%C3%A4");
    }

    #[test]
    fn durations_have_two_units_at_most() {
        for (seconds, shown) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (3661, "1 h 1 min")]
        {
            assert_eq!(duration(seconds), shown);
        }
    }
}
