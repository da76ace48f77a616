use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{GAP, code, destination, fence, line, link, picture, tail, text};

fn events(markdown: &str) -> Vec<Event<'_>> {
    let all = Options::all() - Options::ENABLE_SMART_PUNCTUATION;
    Parser::new_ext(markdown, all).collect()
}

/// The text of a paragraph that holds nothing else.
fn paragraph(markdown: &str) -> Result<String, String> {
    let mut shown = String::new();
    for event in events(markdown) {
        match event {
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
            Event::Text(text) => shown.push_str(&text),
            other => return Err(format!("{other:?} in {markdown:?}")),
        }
    }
    Ok(shown)
}

/// The text of each cell of a table that holds nothing else.
fn cells(markdown: &str) -> Result<Vec<String>, String> {
    let mut cells = Vec::new();
    for event in events(markdown) {
        match event {
            Event::Start(Tag::Table(_) | Tag::TableHead | Tag::TableRow)
            | Event::End(TagEnd::Table | TagEnd::TableHead | TagEnd::TableRow | TagEnd::TableCell) => {}
            Event::Start(Tag::TableCell) => cells.push(String::new()),
            Event::Text(text) => cells.last_mut().ok_or("text before a cell")?.push_str(&text),
            other => return Err(format!("{other:?} in {markdown:?}")),
        }
    }
    Ok(cells)
}

/// Texts that Gitea turns into links, mentions and pictures, after Markdown.
fn is_quiet(shown: &str) -> bool {
    let chars: Vec<char> = shown.chars().collect();
    let pairs = chars.windows(2).all(|pair| match pair {
        ['@' | '#' | '!', next] => !next.is_alphanumeric() && !matches!(next, '-' | '_'),
        [':', next] => !next.is_alphanumeric() && !"/+-_".contains(*next),
        ['[', next] => *next != '[',
        _ => true,
    });
    let hex = shown.split(|c: char| !c.is_ascii_hexdigit()).all(|run| run.len() < 7);
    let tracker =
        chars.windows(3).all(|three| !(three[0].is_ascii_uppercase() && three[1] == '-' && three[2].is_ascii_digit()));
    pairs && hex && tracker && !shown.to_ascii_lowercase().contains("www.")
}

/// Fragments that break comments.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = vec![
        "@",
        "@admin",
        "#",
        "#12",
        "!34",
        "recipes/app#7",
        "recipes/app!7",
        "[",
        "]",
        "(",
        ")",
        "![",
        "](",
        "](https://x.example)",
        "<",
        ">",
        "<img src=x onerror=alert(1)>",
        "</details>",
        "<!--",
        "-->",
        "<!-- converge-ci: {\"number\":1} -->",
        "|",
        "\\|",
        "\\",
        "\n",
        "\r\n",
        "\n\n",
        "`",
        "``",
        "```",
        "~~~",
        "    ",
        "\t",
        "*",
        "**",
        "_",
        "~~",
        "$",
        "$$",
        "\\(",
        "\\[",
        "&",
        "&amp;",
        "&#124;",
        "&lt;b&gt;",
        "https://evil.example/x",
        "www.evil.example",
        "WWW.",
        "mailto:a@b.example",
        "a@b.example",
        ":gitea:",
        ":tada:",
        "[[wiki]]",
        "[^1]",
        "- ",
        "1. ",
        "1) ",
        "+ ",
        "# ",
        "> ",
        "===",
        "---",
        ": ",
        "{#id}",
        "ABC-123",
        "deadbeef",
        "0123456789abcdef",
        "\u{1b}[31m",
        "\u{1b}]8;;x\u{7}",
        "\u{202e}",
        "\u{200b}",
        "\u{2028}",
        "\0",
        "\u{7}",
        "\u{feff}",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}",
        "👩‍💻",
        "x",
        " ",
        "0",
        "é",
        "日本",
    ];
    prop::collection::vec(
        prop_oneof![4 => prop::sample::select(pieces).prop_map(String::from), 1 => any::<String>()],
        0..12,
    )
    .prop_map(|pieces| pieces.concat())
}

#[test]
fn text_reads_as_it_was_written() {
    for (words, safe) in [
        ("no version is older than 1.2.0+3.4", "no version is older than 1.2.0+3.4"),
        ("@admin, see #12 and https://x.example", "@\u{200b}admin, see #\u{200b}12 and https:\u{200b}//x.example"),
        ("a|b", "a&#124;b"),
        ("![x](y)", "!&#91;x&#93;(y)"),
        ("1. one", "1\\. one"),
        ("- one\n- two", "\\- one - two"),
        ("<b>", "\\<b\\>"),
        ("$x$", "&#36;x&#36;"),
        ("at deadbeefcafe", "at deadbe\u{200b}efcafe"),
        ("WWW.x.example", "WWW\u{200b}.x.example"),
        ("  spaced \t out\r\n", "spaced out"),
        ("\u{1b}[1;31mred\u{1b}[0m", "red"),
        ("", ""),
    ] {
        assert_eq!(text(words, 100), safe, "{words:?}");
    }
}

#[test]
fn text_is_cut_by_characters() {
    assert_eq!(text("日本語テキスト", 4), "日本語…");
    assert_eq!(text("abcd", 4), "abcd");
    assert_eq!(text("abcd e", 4), "abc…");
    assert_eq!(text("****", 3), "\\*\\*…");
}

#[test]
fn code_has_more_ticks_than_it_holds() {
    assert_eq!(code("app", 20), "`app`");
    assert_eq!(code("a`b``c", 20), "```a`b``c```");
    assert_eq!(code("`", 20), "`` ` ``");
    assert_eq!(code(" \n", 20), "");
}

#[test]
fn a_log_ends_with_what_was_last_seen() {
    let log = "one\ntwo\r\n\u{1b}[32mok\u{1b}[0m\n 10 %\r 50 %\r100 %\r\n```\n@all #1\n\n\n";
    assert_eq!(tail(log, 3, 20), ["100 %", "```", "@all #1"]);
    assert_eq!(fence(log, 2, 20), "````text\n```\n@all #1\n````");
    assert_eq!(tail("x".repeat(50).as_str(), 5, 10), ["xxxxxxxxx…"]);
    assert_eq!(tail("\u{1b}]0;title\u{7}a\u{1b}(Bb\u{1b}7c\u{9b}1md\u{1b}[38;5;1me\u{1b}", 5, 10), ["abcde"]);
}

#[test]
fn a_link_goes_where_it_says_or_nowhere() {
    assert_eq!(link("log", "https://drone.example/a/b/3"), "[log](https://drone.example/a/b/3)");
    assert_eq!(link("log", "https://x.example/a) ![y](z"), "[log](https://x.example/a%29%20![y]%28z)");
    assert_eq!(link("log", "javascript:alert(1)"), "log");
    assert_eq!(picture("level 4", "https://x.example/a b.svg"), "![level 4](https://x.example/a%20b.svg)");
    assert_eq!(destination("https://[::1]:3000/\"<é>").as_deref(), Some("https://[::1]:3000/%22%3C%C3%A9%3E"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn text_does_nothing_in_a_paragraph(words in nasty(), most in 1..80_usize) {
        let safe = text(&words, most);
        let shown = paragraph(&safe).map_err(TestCaseError::fail)?;
        prop_assert!(is_quiet(&shown), "{:?}", shown);
        prop_assert_eq!(shown.replace(GAP, ""), line(&words, most));
        prop_assert!(line(&words, most).chars().count() <= most);
        let after = paragraph(&format!("Waiting: {safe}.")).map_err(TestCaseError::fail)?;
        prop_assert_eq!(after.replace(GAP, ""), format!("Waiting: {}.", line(&words, most)));
    }

    #[test]
    fn text_does_nothing_in_a_table(one in nasty(), two in nasty()) {
        let table = format!("| a | b |\n|---|---|\n| {} | {} |\n| x | y |", text(&one, 60), text(&two, 60));
        let cells = cells(&table).map_err(TestCaseError::fail)?;
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace(GAP, "")).collect();
        prop_assert_eq!(cells, ["a", "b", &line(&one, 60), &line(&two, 60), "x", "y"]);
    }

    #[test]
    fn code_is_one_span(words in nasty()) {
        let line = line(&words, 60);
        let markdown = format!("at {} now", code(&words, 60));
        let spans: Vec<_> = events(&markdown).into_iter().filter(|event| !matches!(event, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph))).collect();
        match spans.as_slice() {
            [Event::Text(_), Event::Code(shown), Event::Text(_)] => prop_assert_eq!(shown.as_ref(), line),
            [Event::Text(_)] => prop_assert_eq!(line, ""),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn a_log_is_one_block(log in nasty(), lines in 1..6_usize) {
        let markdown = format!("<details><summary>why</summary>\n\n{}\n\n</details>\n\nend", fence(&log, lines, 40));
        let mut block = None;
        let mut html = String::new();
        for event in events(&markdown) {
            match event {
                Event::Text(text) if block.is_none() => block = Some(text.to_string()),
                Event::Text(text) => block.get_or_insert_default().push_str(&text),
                Event::Html(text) => html.push_str(&text),
                Event::Start(Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::Paragraph)
                | Event::End(TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::Paragraph) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert_eq!(block.unwrap_or_default(), format!("{}\nend", tail(&log, lines, 40).join("\n")));
        prop_assert_eq!(html.trim(), "<details><summary>why</summary>\n</details>");
    }

    #[test]
    fn a_link_is_one_link(address in nasty()) {
        let markdown = format!("see {} now", link("log", &format!("https://x.example/{address}")));
        let kinds: Vec<bool> = events(&markdown).iter().map(|event| matches!(event, Event::Start(Tag::Link { .. }))).collect();
        prop_assert_eq!(kinds.iter().filter(|link| **link).count(), 1, "{:?}", markdown);
        prop_assert_eq!(events(&markdown).len(), 7, "{:?}", markdown);
    }
}
