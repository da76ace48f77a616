use proptest::prelude::*;

use super::{command, is_unseen};
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
fn what_nobody_sees_makes_no_difference() {
    for body in
        ["!testme\r\n", "\r\n\r\n!testme\n", "\t!testme ", "\u{a0}!testme\u{a0}", "\u{feff}!testme", "!testme\u{200b}"]
    {
        assert_eq!(command(body), TEST, "{body:?}");
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
        "!Testme",
        "!TESTME",
        "!testmexyz",
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
        "!testme", "!test", "me", "--quick", "cancel", "help", " ", "\n", "\r\n", "\u{a0}", "\u{200b}", "\u{feff}",
        "\t", "`", ">", "x", "!", "é", "\u{202e}", "\0", "—", "",
    ]);
    prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60_000, ..ProptestConfig::default() })]

    #[test]
    fn a_command_is_its_words_and_nothing_else(body in pieces()) {
        let seen = body.trim_matches(is_unseen);
        let words: Vec<&str> = seen.split(is_unseen).filter(|word| !word.is_empty()).collect();
        match command(&body) {
            Some(Command::Test { quick: false }) => prop_assert_eq!(seen, "!testme"),
            Some(Command::Test { quick: true }) => prop_assert_eq!(words, ["!testme", "--quick"]),
            Some(Command::Cancel) => prop_assert_eq!(words, ["!testme", "cancel"]),
            Some(Command::Help) => prop_assert_eq!(words, ["!testme", "help"]),
            Some(Command::Unknown) => prop_assert!(seen.starts_with("!testme") && words.len() > 1),
            None => prop_assert!(words.first() != Some(&"!testme") || seen.starts_with("!testme")),
        }
    }

    #[test]
    fn arbitrary_text_is_hardly_ever_for_us(body in any::<String>()) {
        prop_assert!(command(&body).is_none() || body.trim_start_matches(is_unseen).starts_with("!testme"));
    }
}
