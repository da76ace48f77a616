use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

const SECRET: &str = "s3cret/with space+and=more";

fn of(values: &[&str]) -> MaskedValues {
    MaskedValues::new(values.iter().map(|value| value.as_bytes()))
}

fn masked(secrets: &MaskedValues, text: &[u8], piece: usize) -> String {
    let mut mask = Mask::new(secrets.clone());
    let mut out = Vec::new();
    for piece in text.chunks(piece.max(1)) {
        mask.push(piece, &mut out);
    }
    mask.finish(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn a_secret_is_hidden_in_every_form_and_wherever_the_stream_is_cut() {
    let secrets = of(&[SECRET]);
    let forms = [
        SECRET.to_owned(),
        STANDARD.encode(SECRET),
        "s3cret%2Fwith%20space%2Band%3Dmore".to_owned(),
        "s3cret%2fwith+space%2band%3dmore".to_owned(),
    ];
    for form in forms {
        let text = format!("before {form} after, and {form}");
        for piece in 1..text.len() {
            assert_eq!(masked(&secrets, text.as_bytes(), piece), "before ****** after, and ******", "{piece} {form}");
        }
    }
}

#[test]
fn a_secret_within_something_that_was_encoded_is_hidden_too() {
    let secrets = of(&[SECRET]);
    for before in ["", "u", "us", "user:", "Basic "] {
        let whole = format!("{before}{SECRET}@host");
        for text in [STANDARD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
            let shown = masked(&secrets, text.as_bytes(), 7);
            assert!(shown.contains("******"), "{shown}");
            assert!(shown.len() < text.len() - SECRET.len(), "{shown}");
        }
    }
}

#[test]
fn short_secrets_are_shown_and_overlaps_are_masked_once() {
    let secrets = of(&["short", "abcdefgh", "efghijkl", "abcdefghXYZ"]);
    assert_eq!(masked(&secrets, b"short", 2), "short");
    assert_eq!(masked(&secrets, b"<abcdefghijkl>", 3), "<******>");
    assert_eq!(masked(&secrets, b"<abcdefghXYZ>", 5), "<******>");
    assert_eq!(masked(&secrets, b"<abcdefgabcdefgh>", 1), "<abcdefg******>");
}

#[test]
fn the_lines_of_a_key_are_hidden_one_by_one() {
    let key = "-----BEGIN KEY-----\nbGluZSBvbmUgb2Yga2V5\nbGluZSB0d28gb2Yga2V5\n-----END KEY-----\n";
    let shown = masked(&of(&[key]), b"got bGluZSB0d28gb2Yga2V5 here", 4);
    assert_eq!(shown, "got ****** here");
}

#[test]
fn a_line_is_not_held_back_for_a_long_secret() {
    let secrets = of(&["x".repeat(4000).as_str()]);
    let mut out = Vec::new();
    Mask::new(secrets).push(b"step one\n", &mut out);
    assert_eq!(out, b"step one\n");
}

#[test]
fn no_stream_shows_a_secret() {
    let values = ["ababababab", "babababa1", "aaaaaaaab"];
    let secrets = of(&values);
    let parts = prop::collection::vec(0_usize..4, 0..40);
    let cuts = prop::collection::vec(1_usize..20, 1..8);
    proptest!(|(parts in parts, cuts in cuts)| {
        let text: String = parts.iter().map(|part| ["a", "ab", "b1", values[0]][*part]).collect();
        let mut mask = Mask::new(secrets.clone());
        let (mut out, mut rest, mut turn) = (Vec::new(), text.as_bytes(), 0);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cuts[turn % cuts.len()].min(rest.len()));
            mask.push(piece, &mut out);
            (rest, turn) = (after, turn + 1);
        }
        mask.finish(&mut out);
        let shown = String::from_utf8(out).unwrap();
        for value in values {
            prop_assert!(!shown.contains(value), "{shown}");
        }
        if !values.iter().any(|value| text.contains(value)) {
            prop_assert_eq!(shown, text);
        }
    });
}

/// The text in lines of this length.
fn broken(text: &str, length: usize, newline: &str) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(length).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join(newline)
}

#[test]
fn base64_in_lines_is_hidden_wherever_a_line_is_broken() {
    let long =
        "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-abcdefghijklmnopqrstuvwxyz+&=%$";
    for secret in ["hunter2-", SECRET, long] {
        let secrets = of(&[secret]);
        for before in (0..76).step_by(7) {
            let text = STANDARD.encode(format!("{}{secret}, and more of the same text\n", "u".repeat(before)));
            // The characters that only the secret decides.
            let shown_by_it = &text[(before * 8).div_ceil(6)..(before + secret.len()) * 8 / 6];
            for (length, newline) in [(76, "\n"), (64, "\n"), (64, "\r\n"), (60, "\n    "), (19, "\\n"), (76, "\\r\\n")]
            {
                let shown = masked(&secrets, format!("{}\n", broken(&text, length, newline)).as_bytes(), 1 + before);
                let shown = shown.replace(newline, "");
                let leaked = shown_by_it
                    .as_bytes()
                    .windows(4)
                    .any(|part| shown.as_bytes().windows(4).any(|window| window == part));
                assert!(shown.contains("******") && !leaked, "{secret} {before} {length} {newline:?}\n{text}\n{shown}");
            }
        }
    }
}

#[test]
fn hexadecimal_text_is_hidden() {
    let secrets = of(&["binary-secret"]);
    for text in ["62696e6172792d736563726574", "62696E6172792D736563726574", "62696e6172792d\n736563726574"] {
        assert_eq!(masked(&secrets, format!("{text}\n").as_bytes(), 5), "******\n");
    }
}

#[test]
fn a_line_that_ends_with_the_first_character_of_a_form_is_not_late() {
    let secrets = of(&[SECRET]);
    let mut out = Vec::new();
    Mask::new(secrets).push(b"pulling images\nz\ncz\n", &mut out);
    assert_eq!(out, b"pulling images\nz\ncz\n", "base64 of the secret begins with cz");
}

#[test]
fn secrets_are_masked_as_real_programs_print_them() {
    let sharp = "it's a \"se\\cret\" $x`y` <&>/#\u{e9}";
    let lines = "line1 o'ne\nline\"two\\\ntab\tx";
    let table = [
        // bash: set -x, export -p, printf %q, the same without UTF-8, ${S@Q}.
        (sharp, r#"+ : 'it'\''s a "se\cret" $x`y` <&>/#é'"#, "+ : '******'"),
        (sharp, r#"declare -x S="it's a \"se\\cret\" \$x\`y\` <&>/#é""#, "declare -x S=\"******\""),
        (sharp, r#"it\'s\ a\ \"se\\cret\"\ \$x\`y\`\ \<\&\>/#é"#, "******"),
        (sharp, r#"$'it\'s a "se\\cret" $x`y` <&>/#\303\251'"#, "$'******'"),
        (lines, r#"$'line1 o\'ne\nline"two\\\ntab\tx'"#, "$'******'"),
        (lines, "+ : 'line1 o'\\''ne\nline\"two\\\ntab\tx'", "+ : '******'"),
        ("#~a b:~c=~d", r"\#~a\ b:\~c=\~d", "******"),
        (sharp, r#"+ [[ x == \i\t\'\s\ \a\ \"\s\e\\\c\r\e\t\"\ \$\x\`\y\`\ \<\&\>\/\#\é ]]"#, "+ [[ x == ****** ]]"),
        (
            "s3cret-pass\nline2word",
            "+ [[ x == \\s\\3\\c\\r\\e\\t\\-\\p\\a\\s\\s\\\n\\l\\i\\n\\e\\2\\w\\o\\r\\d ]]",
            "+ [[ x == ****** ]]",
        ),
        (sharp, r#"it's a "se\\cret" \$x`y` <&>/#é"#, "******"),
        ("s3cret-pass.word", r"re.compile('s3cret\-pass\.word')", "re.compile('******')"),
        // dash: set -x, export -p.
        (sharp, "+ : it's a \"se\\cret\" $x`y` <&>/#é", "+ : ******"),
        (sharp, r#"export S='it'"'"'s a "se\cret" $x`y` <&>/#é'"#, "export S='******'"),
        ("two''ones'", r#"export S='two'"''"'ones'"'""#, "export S='******"),
        // Python: json, repr, shlex, html, urllib.
        (sharp, r#""it's a \"se\\cret\" $x`y` <&>/#\u00e9""#, "\"******\""),
        (sharp, r#"'it\'s a "se\\cret" $x`y` <&>/#é'"#, "'******'"),
        ("two''ones'", r#"'two'"'"''"'"'ones'"'"''"#, "'******'"),
        (sharp, "it&#x27;s a &quot;se\\cret&quot; $x`y` &lt;&amp;&gt;/#é", "******"),
        (sharp, "it%27s%20a%20%22se%5Ccret%22%20%24x%60y%60%20%3C%26%3E/%23%C3%A9", "******"),
        (sharp, "it%27s+a+%22se%5Ccret%22+%24x%60y%60+%3C%26%3E%2F%23%C3%A9", "******"),
        // JavaScript: encodeURIComponent, encodeURI.
        (sharp, "it's%20a%20%22se%5Ccret%22%20%24x%60y%60%20%3C%26%3E%2F%23%C3%A9", "******"),
        (sharp, "it's%20a%20%22se%5Ccret%22%20$x%60y%60%20%3C&%3E/#%C3%A9", "******"),
        // Go, PHP, PHP for HTML, Gson, .NET, Jackson: JSON.
        (sharp, r#""it's a \"se\\cret\" $x`y` \u003c\u0026\u003e/#é""#, "\"******\""),
        (sharp, r#""it's a \"se\\cret\" $x`y` <&>\/#\u00e9""#, "\"******\""),
        (sharp, r#""it's a \"se\\cret\" $x`y` <&>\/#é""#, "\"******\""),
        (sharp, r#""it\u0027s a \u0022se\\cret\u0022 $x`y` \u003C\u0026\u003E\/#\u00E9""#, "\"******\""),
        (sharp, r#""it\u0027s a \"se\\cret\" $x`y` \u003c\u0026\u003e/#é""#, "\"******\""),
        (sharp, r#""it\u0027s a \u0022se\\cret\u0022 $x\u0060y\u0060 \u003C\u0026\u003E/#\u00E9""#, "\"******\""),
        (sharp, r#""it's a \"se\\cret\" $x`y` <&>/#\u00E9""#, "\"******\""),
        // Go: query, path and login of an address.
        ("p@ss $x/&=+:?", "p%40ss+%24x%2F%26%3D%2B%3A%3F", "******"),
        ("p@ss $x/&=+:?", "p@ss%20$x%2F&=+:%3F", "******"),
        ("p@ss $x/&=+:?", "u:p%40ss%20$x%2F&=+%3A%3F", "u:******"),
        // JSON within JSON, as a log in JSON has it.
        (sharp, r#"{"log":"{\"s\":\"it's a \\\"se\\\\cret\\\" $x`y` <&>/#é\"}"}"#, r#"{"log":"{\"s\":\"******\"}"}"#),
        // Beyond the first plane of Unicode.
        ("rocket \u{1f680} man", r#""rocket \ud83d\ude80 man""#, "\"******\""),
        // SQL, YAML.
        (sharp, r#"'it''s a "se\cret" $x`y` <&>/#é'"#, "'******'"),
        // A value that is stored with its quotes, and read without them.
        ("\"hunter2hunter2\"", "password: hunter2hunter2", "password: ******"),
        (r#"with-\"escaped\"-quotes"#, "--from-literal=key=with-\"escaped\"-quotes", "--from-literal=key=******"),
        (r"p\u0040ss\tword", "p@ss\tword", "******"),
        // A key that is stored in one line.
        (
            r"-----BEGIN KEY-----\nbGluZSBvbmU=\r\nbGluZSB0d28=\n",
            "\nbGluZSBvbmU=\n<bGluZSB0d28=>\n",
            "\n******\n<******>\n",
        ),
        // An address of git, Go, and of the URL standard.
        ("p@ss:w/rd+x", "https://bot:p%40ss%3Aw%2Frd+x@git.example.org", "https://bot:******@git.example.org"),
    ];
    for (secret, printed, expected) in table {
        let secrets = of(&[secret]);
        for piece in [1, 7, 1000] {
            assert_eq!(masked(&secrets, printed.as_bytes(), piece), expected, "{secret:?} in {printed}");
        }
    }
}

#[test]
fn short_lines_of_a_long_secret_hide_no_ordinary_words() {
    let secrets = of(&["{\n\"foo\": [\n\"bar\"\n]\n}"]);
    let line = b"[{description,\"Run PropEr test suites\"},{vsn,\"0.12.1\"},{registered,[]}]";
    assert_eq!(masked(&secrets, line, 9).as_bytes(), line);
    assert_eq!(masked(&secrets, b"{\n\"foo\": [\n\"bar\"\n]\n}\n", 9), "******\n");
}

#[test]
fn a_value_that_is_too_short_is_known() {
    let table: [(&[u8], bool); 8] = [
        (b"", true),
        (b" \n", true),
        (b"1234", false),
        (b"  1234567\n", false),
        ("\u{e4}\u{e4}\u{e4}\u{e4}".as_bytes(), false),
        (b"12345678", true),
        (b"abc\ndef\nghi", true),
        (b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe", true),
    ];
    for (value, expected) in table {
        assert_eq!(hides(value), expected, "{value:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_hidden() {
    let value = b"\xff\xfe\x00\x01key-material\x80";
    let secrets = MaskedValues::new([value.as_slice()]);
    assert_eq!(masked(&secrets, &[b"<".as_slice(), value, b">"].concat(), 3), "<******>");
    assert_eq!(masked(&secrets, STANDARD.encode(value).as_bytes(), 3), "******");
    // `[[ … == … ]]` under `set -x` where bash has no UTF-8.
    let printed: Vec<u8> = "s3cret \u{e9}".bytes().flat_map(|byte| [b'\\', byte]).collect();
    assert_eq!(masked(&of(&["s3cret \u{e9}"]), &printed, 3), "******");
}

#[test]
fn a_large_credential_is_hidden_and_costs_little() {
    let lines: Vec<String> = (0..300).map(|line| format!("line {line} of a large credential\n")).collect();
    let secrets = of(&[lines.concat().as_str()]);
    let shown = masked(&secrets, b"got line 299 of a large credential.\nline of nothing\n", 11);
    assert_eq!(shown, "got ******.\nline of nothing\n");
}
