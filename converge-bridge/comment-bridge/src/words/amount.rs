//! Durations and numbers as text.

/// Returns a duration as text; `None` if no run can have taken that long.
pub fn duration(seconds: i64) -> Option<String> {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match seconds {
        0..60 => Some(format!("{rest} s")),
        60..3600 if rest == 0 => Some(format!("{minutes} min")),
        60..3600 => Some(format!("{minutes} min {rest} s")),
        3600..360_000 if minutes == 0 => Some(format!("{hours} h")),
        3600..360_000 => Some(format!("{hours} h {minutes} min")),
        // Negative, or longer than any run: a clock was wrong.
        _ => None,
    }
}

/// `one run`, `3 runs`.
pub fn count(number: u32, one: &str, many: &str) -> String {
    match number {
        1 => format!("one {one}"),
        number => format!("{number} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{count, duration};

    #[test]
    fn durations_are_told_as_people_do() {
        let told = [0, 59, 60, 61, 3599, 3600, 3661, 86_400].map(|seconds| duration(seconds).unwrap());
        assert_eq!(told, ["0 s", "59 s", "1 min", "1 min 1 s", "59 min 59 s", "1 h", "1 h 1 min", "24 h"]);
        assert_eq!((duration(-1), duration(i64::MIN), duration(i64::MAX)), (None, None, None));
        assert_eq!((count(1, "run", "runs"), count(3, "run", "runs")), ("one run".into(), "3 runs".into()));
    }
}
