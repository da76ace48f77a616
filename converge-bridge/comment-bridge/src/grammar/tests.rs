use proptest::prelude::*;

use super::{WORDS, command, is_unseen};
use crate::trigger::Command;

const TEST: Option<Command> = Some(Command::Test { quick: false });
const QUICK: Option<Command> = Some(Command::Test { quick: true });

#[test]
fn each_command_is_read() {
    assert_eq!(command("!testme"), TEST);
    assert_eq!(command("!testme --quick"), QUICK);
    assert_eq!(command("!testme cancel"), Some(Command::Cancel));
    assert_eq!(command("!testme help"), Some(Command::Help));
}

#[test]
fn a_phone_may_write_a_capital_letter() {
    assert_eq!(command("!Testme"), TEST);
    assert_eq!(command("!Testme --quick"), QUICK);
    assert_eq!(command("!Testme cancel\n"), Some(Command::Cancel));
    assert_eq!(command("!Testme Cancel"), Some(Command::Unknown));
}

#[test]
fn invisible_characters_are_ignored() {
    for body in
        ["!testme\r\n", "\r\n\r\n!testme\n", "\t!testme ", "\u{a0}!testme\u{a0}", "\u{feff}!testme", "!testme\u{200b}"]
    {
        assert_eq!(command(body), TEST, "{body:?}");
    }
    for unseen in [
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{180b}',
        '\u{180e}',
        '\u{200e}',
        '\u{202a}',
        '\u{202b}',
        '\u{202c}',
        '\u{2060}',
        '\u{2066}',
        '\u{2067}',
        '\u{2068}',
        '\u{2069}',
        '\u{206f}',
        '\u{3164}',
        '\u{fe00}',
        '\u{fe0f}',
        '\u{ffa0}',
        '\u{1d173}',
        '\u{e0001}',
        '\u{e01ef}',
    ] {
        assert_eq!(command(&format!("{unseen}!testme{unseen}")), TEST, "{unseen:?}");
        assert_eq!(command(&format!("{unseen} !testme {unseen}--quick{unseen}\n")), QUICK, "{unseen:?}");
        assert_eq!(command(&format!("!testme{unseen}--quick")), None, "{unseen:?}");
        assert_eq!(command(&format!("!test{unseen}me")), None, "{unseen:?}");
    }
    for body in [
        "!testme  --quick",
        "!testme\u{200b} --quick",
        "!testme\t--quick\r\n",
        "!testme\u{a0}--quick",
        "!testme \u{200b}--quick\u{200b}",
    ] {
        assert_eq!(command(body), QUICK, "{body:?}");
    }
}

#[test]
fn anything_else_after_the_word_is_answered_with_help() {
    for body in [
        "!testme please",
        "!testme --Quick",
        "!testme --quick --quick",
        "!testme Cancel",
        "!testme —quick",
        "!testme -quick",
        "!testme\n--quick",
        "!testme\r\n\r\nThank you",
        "!testme cancel now",
        "!testme !testme",
        "!testme\n!testme",
        "!testme @somebody",
        "!testme \u{0}x",
    ] {
        assert_eq!(command(body), Some(Command::Unknown), "{body:?}");
    }
}

#[test]
fn everything_else_is_not_for_us() {
    for body in [
        "",
        " ",
        "testme",
        "!TESTME",
        "!TestMe",
        "!tESTME",
        "!testmexyz",
        "!Testmexyz",
        "!testme!",
        "!testme.",
        "!testme--quick",
        "!testme\u{200b}xyz",
        "! testme",
        "!test me",
        "> !testme",
        "`!testme`",
        "```\n!testme\n```",
        "Please !testme",
        "Just say\n\n!testme",
        "<!-- !testme -->",
        "！testme",
        "\u{202e}!testme",
        "\u{202d}!testme",
        "!testmе",
        "/testme",
    ] {
        assert_eq!(command(body), None, "{body:?}");
    }
}

#[test]
fn a_huge_body_is_read() {
    let huge = format!("!testme{}x", " ".repeat(1 << 20));
    assert_eq!(command(&huge), Some(Command::Unknown));
    assert_eq!(command(&huge[1..]), None);
    assert_eq!(command(&format!("{}!testme{}", "\n".repeat(1 << 20), "\n".repeat(1 << 20))), TEST);
}

/// Pieces of which commands and near misses are made.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "!testme", "!Testme", "!test", "me", "--quick", "cancel", "help", " ", "\n", "\r\n", "\u{a0}", "\u{200b}",
        "\u{feff}", "\t", "`", ">", "x", "!", "é", "\u{202e}", "\0", "—", "",
    ]);
    prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

fn begins(text: &str) -> bool {
    WORDS.iter().any(|word| text.starts_with(word))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60_000, ..ProptestConfig::default() })]

    #[test]
    fn a_command_is_its_words_and_nothing_else(body in pieces()) {
        let seen = body.trim_matches(is_unseen);
        let words: Vec<&str> = seen.split(is_unseen).filter(|word| !word.is_empty()).collect();
        match command(&body) {
            Some(Command::Test { quick: false }) => prop_assert!(WORDS.contains(&seen)),
            Some(Command::Test { quick: true }) => prop_assert!(WORDS.contains(&words[0]) && words[1..] == ["--quick"]),
            Some(Command::Cancel) => prop_assert!(WORDS.contains(&words[0]) && words[1..] == ["cancel"]),
            Some(Command::Help) => prop_assert!(WORDS.contains(&words[0]) && words[1..] == ["help"]),
            Some(Command::Unknown) => prop_assert!(begins(seen) && words.len() > 1),
            None => prop_assert!(!words.first().is_some_and(|first| WORDS.contains(first)) || begins(seen)),
        }
    }

    #[test]
    fn arbitrary_text_is_hardly_ever_for_us(body in any::<String>()) {
        prop_assert!(command(&body).is_none() || begins(body.trim_start_matches(is_unseen)));
    }
}
