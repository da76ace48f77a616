//! Times, durations and shares in words.

use jiff::Timestamp;

/// A time with its age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// The time, to the second.
    pub time: String,
    /// The age: `5 min ago`; of a time in the future `now`.
    pub age: String,
}

impl When {
    /// The time as seen from now.
    pub fn new(time: Timestamp, now: Timestamp) -> Self {
        let seconds = age(time, now);
        let age = if seconds == 0 { "now".into() } else { format!("{} ago", duration(seconds)) };
        Self { time: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), age }
    }
}

/// The age of a time in seconds; 0 for one in the future.
pub fn age(time: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.as_second().saturating_sub(time.as_second())).unwrap_or(0)
}

/// A duration in its largest unit, rounded down.
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A count with its noun.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Bytes in GiB with one decimal.
pub fn gibibytes(bytes: u64) -> String {
    let tenths = bytes / (1024 * 1024 * 1024 / 10);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_never_negative() {
        let now: Timestamp = "2026-11-28T03:00:00Z".parse().unwrap();
        let cases = [
            ("2026-11-28T03:00:00Z", "now"),
            ("2999-01-01T00:00:00Z", "now"),
            ("2026-11-28T02:59:01Z", "59 s ago"),
            ("2026-11-28T02:00:01Z", "59 min ago"),
            ("2026-11-26T03:00:01Z", "47 h ago"),
            ("2026-11-26T03:00:00Z", "2 days ago"),
            ("-009999-01-02T01:59:59Z", "4390000 days ago"),
        ];
        for (time, expected) in cases {
            let when = When::new(time.parse().unwrap(), now);
            if time.starts_with('-') {
                assert!(when.age.ends_with(" days ago"), "{}", when.age);
            } else {
                assert_eq!(when.age, expected, "{time}");
            }
        }
        assert_eq!(When::new(now, now).time, "2026-11-28T03:00:00Z");
    }

    #[test]
    fn counts_and_sizes_are_words() {
        assert_eq!([counted(0, "unit"), counted(1, "unit"), counted(2, "unit")], ["0 units", "1 unit", "2 units"]);
        assert_eq!([gibibytes(0), gibibytes(1 << 30), gibibytes(u64::MAX)][..2], ["0.0 GiB", "1.0 GiB"]);
    }
}
