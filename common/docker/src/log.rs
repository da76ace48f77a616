//! The end of a task's log, as Docker frames it.

use std::time::Duration;

use super::Docker;

/// The number of lines to show of a task that has failed.
const LINES: usize = 3;
/// The largest number of characters of them.
const LONGEST: usize = 400;
/// The deadline for the log, which is only extra information.
const DEADLINE: Duration = Duration::from_secs(2);
/// The length of the head of a frame: its stream, three zeros, the length of its content.
const HEAD: usize = 8;
/// The stream on which Docker says that it cannot read the log.
const OF_DOCKER: u8 = 3;

/// Returns the last lines of the log of a task, on one line.
pub async fn tail(docker: &Docker, task: &str) -> Option<String> {
    let path = format!("/tasks/{task}/logs?stdout=1&stderr=1&tail={LINES}");
    let log = docker.within(DEADLINE).get("read the log", &path).await.ok()?;
    one_line(&text(&log))
}

/// The text of a log. A terminal's has no frames.
fn text(mut log: &[u8]) -> String {
    let mut text = Vec::new();
    while let Some((stream, content, rest)) = frame(log) {
        if stream != OF_DOCKER {
            text.extend_from_slice(content);
        }
        log = rest;
    }
    text.extend_from_slice(log);
    String::from_utf8_lossy(&text).into_owned()
}

/// The next frame: its stream, its content, and the log after it. The last one may be cut off.
fn frame(log: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, rest) = log.split_at_checked(HEAD)?;
    let [stream @ 0..=OF_DOCKER, 0, 0, 0, length @ ..] = head else { return None };
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let (content, rest) = rest.split_at(length.min(rest.len()));
    Some((*stream, content, rest))
}

/// The last lines on one line, without colours and control characters. What is too long loses its beginning.
fn one_line(text: &str) -> Option<String> {
    let plain = without_colours(text);
    let lines: Vec<&str> = plain.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(LINES)..].join(" | ");
    let words: Vec<char> = last.chars().filter(|c| !c.is_control()).collect();
    let words: String = words[words.len().saturating_sub(LONGEST)..].iter().collect();
    (!words.is_empty()).then_some(words)
}

/// Takes out the sequences by which a terminal changes colours: escape, `[`, parameters, a letter.
fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == '?');
        rest = rest.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(stream: u8, content: &str) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0], length.as_slice(), content.as_bytes()].concat()
    }

    #[test]
    fn heads_of_frames_are_no_text() {
        // 160 and 200 are no characters by themselves.
        for length in [1, 10, 160, 200, 300] {
            let line = "x".repeat(length);
            let log = [framed(1, &format!("{line}\n")), framed(2, "the end\n")].concat();
            assert_eq!(text(&log), format!("{line}\nthe end\n"));
        }
        let cut = framed(2, "cut off");
        assert_eq!(text(&cut[..cut.len() - 3]), "cut ");
        assert_eq!(text(b"a terminal\r\n"), "a terminal\r\n");
        assert_eq!(text(b""), "");
    }

    #[test]
    fn dockers_own_words_are_no_log() {
        let log = [framed(3, "Error grabbing logs: rpc error"), framed(2, "the program's\n")].concat();
        assert_eq!(text(&log), "the program's\n");
    }

    #[test]
    fn the_end_is_kept_on_one_line() {
        let told = |text: &str| one_line(text);
        assert_eq!(told("one\ntwo\n\nthree\nfour\n").unwrap(), "two | three | four");
        assert_eq!(told("\u{1b}[90m2026\u{1b}[0m \u{1b}[31mERR\u{1b}[0m no\u{7} key").unwrap(), "2026 ERR no key");
        let long = format!("{}the end", "x".repeat(1000));
        let shown = told(&long).unwrap();
        assert!(shown.ends_with("the end") && shown.chars().count() == LONGEST, "{shown}");
        assert_eq!(told(" \n\n"), None);
    }
}
