//! The files of a run that are shown: plain names with known endings.

/// The endings of files that are served, and their types.
const TYPES: [(&str, &str); 8] = [
    ("html", "text/html; charset=utf-8"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("log", "text/plain; charset=utf-8"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("xml", "text/plain; charset=utf-8"),
];
/// The longest name of a file, in bytes.
const LONGEST_NAME: usize = 100;

/// Returns the type of a file that may be served: a plain name with a known ending.
pub fn media_type(name: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_name = name.len() <= LONGEST_NAME && !name.starts_with('.') && name.bytes().all(is_plain);
    let (_, ending) = name.rsplit_once('.').filter(|_| is_name)?;
    TYPES.iter().find(|(known, _)| *known == ending).map(|(_, media_type)| *media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_with_known_endings_are_served() {
        for (name, served) in [
            ("card.png", Some("image/png")),
            ("results.json", Some("application/json")),
            ("junit-install.xml", Some("text/plain; charset=utf-8")),
            ("summary.html", Some("text/html; charset=utf-8")),
            ("badge.svg", Some("image/svg+xml")),
            (".env", None),
            (".hidden.png", None),
            ("a/b.png", None),
            ("..", None),
            ("card.png\0.txt", None),
            ("card.PNG", None),
            ("card", None),
            ("card.js", None),
            ("ä.png", None),
            ("", None),
        ] {
            assert_eq!(media_type(name), served, "{name:?}");
        }
    }
}
