use proptest::prelude::*;

use super::*;

fn edited(text: &str, key: &str, value: &str) -> String {
    let mut file = EnvFile::parse(text.as_bytes());
    file.set(key, value).unwrap();
    assert_eq!(file.get(key).as_deref(), Some(value), "in {text:?}");
    String::from_utf8(file.to_bytes()).unwrap()
}

#[test]
fn only_the_value_of_the_key_changes() {
    for (before, key, value, after) in [
        ("A=1\nB=2\n", "A", "3", "A=3\nB=2\n"),
        ("# A=1\n\nA=1", "A", "2", "# A=1\n\nA=2"),
        ("A=1", "B", "2", "A=1\nB=2\n"),
        ("", "B", "2", "B=2\n"),
        ("A=1\r\nB=2\r\n", "B", "3", "A=1\r\nB=3\r\n"),
        ("A=1\r\nB=2", "C", "3", "A=1\r\nB=2\r\nC=3\r\n"),
        ("S=v1 # length=128\n", "S", "v2", "S=v2 # length=128\n"),
        ("S=v1\t# length=128 charset=x\n", "S", "v2", "S=v2\t# length=128 charset=x\n"),
        ("S=\"v1\" # length=1\n", "S", "v2", "S=\"v2\" # length=1\n"),
        ("S='v1'\n", "S", "v2", "S='v2'\n"),
        ("S='v1'\n", "S", "it's", "S=\"it's\"\n"),
        ("S=v1\n", "S", "a b", "S=\"a b\"\n"),
        ("S=v1\n", "S", "a#b", "S=\"a#b\"\n"),
        ("S=v1\n", "S", "$x", "S='$x'\n"),
        ("S=v1\n", "S", "a'\"$x\\y", "S=a'\"\\$x\\y\n"),
        ("S=v1\n", "S", "C:\\dir\\", "S=C:\\dir\\\n"),
        ("S=v1\n", "S", "it's \"x\"", "S=it's \"x\"\n"),
        ("S=v1\n", "S", "\"it's\"", "S=${_EMPTY_}\"it's\"\n"),
        ("S=v1\n", "S", " \\", "S=${_EMPTY_} \\\n"),
        ("S=v1\n", "S", "a #\\", "S=a ${_EMPTY_}#\\\n"),
        ("S=v1\n", "S", "#it's\\", "S=${_EMPTY_}#it's\\\n"),
        ("S=v1\n", "S", "one\ntwo", "S=\"one\\ntwo\"\n"),
        ("S=v1\n", "S", "one\n\"it's\"", "S=\"one\\n\\\"it's\\\"${_EMPTY_}\"\n"),
        ("S: v1\n", "S", "v2", "S: v2\n"),
        ("A='x' S=v1\n", "S", "v2", "A='x' S=v2\n"),
        ("S='x'A=1\n", "S", "it's \\", "S=it's \\\nA=1\n"),
        ("S=v1 # why\n", "S", "", "S=\"\" # why\n"),
        ("S=v1\n", "S", "", "S=\n"),
        ("  export S = v1\n", "S", "v2", "  export S = v2\n"),
        ("S=1\nS=2\n", "S", "3", "S=1\nS=3\n"),
        ("S=\"a\nB=x\nc\"\n", "B", "2", "S=\"a\nB=x\nc\"\nB=2\n"),
        ("S=\"a\nb\"\r\nB=1\r\n", "S", "c", "S=\"c\"\r\nB=1\r\n"),
        ("S=\"a\"junk\n", "S", "b", "S=\"b\"junk\n"),
        ("S=\"open\nB=1\n", "S", "2", "S=2\nB=1\n"),
        ("S=\"open\nB=1\n", "B", "2", "S=\"open\nB=2\n"),
        ("SS=1\nS_S=2\n", "S", "3", "SS=1\nS_S=2\nS=3\n"),
        (
            "COMPOSE_FILE=\"compose.yml\"\nCOMPOSE_FILE=\"$COMPOSE_FILE:a.yml\"\n",
            "COMPOSE_FILE",
            "compose.yml:b.yml",
            "COMPOSE_FILE=\"compose.yml\"\nCOMPOSE_FILE=\"compose.yml:b.yml\"\n",
        ),
    ] {
        assert_eq!(edited(before, key, value), after);
    }
}

#[test]
fn values_are_read_as_abra_reads_them() {
    let text = "C=\"compose.yml\"\nC=\"$C:a.yml\"\nC=\"${C}:b.yml\"\nL='$C'\nE= # why\nV=v1 # length=3\nQ=\"a\\\"b\"\nX=${C\nY=$\n";
    let values = EnvFile::parse(text.as_bytes()).values();
    let expected = [
        ("C", "compose.yml:a.yml:b.yml"),
        ("L", "$C"),
        ("E", "# why"),
        ("V", "v1"),
        ("Q", "a\"b"),
        ("X", "compose.yml:a.yml:b.yml"),
        ("Y", "$"),
    ];
    for (key, value) in expected {
        assert_eq!(values.get(key).map(String::as_str), Some(value), "{key}");
    }
}

#[test]
fn setting_the_same_value_writes_nothing() {
    let text = "COMPOSE_FILE=\"compose.yml\"\r\nCOMPOSE_FILE=\"$COMPOSE_FILE:a.yml\"";
    assert_eq!(edited(text, "COMPOSE_FILE", "compose.yml:a.yml"), text);
}

#[test]
fn keys_and_values_that_do_not_fit_are_refused() {
    let mut file = EnvFile::parse(b"A=1\n");
    for (key, value) in [("A", "a\nb\\"), ("A", "a\0b"), ("", "x"), ("1A", "x"), ("A B", "x"), ("A=", "x")] {
        assert!(file.set(key, value).is_err(), "{key:?} {value:?}");
    }
    assert_eq!(file.to_bytes(), b"A=1\n");
}

#[test]
fn a_sample_knows_what_it_offers_in_comments() {
    let sample =
        EnvFile::parse(b"TYPE=traefik\n#WILDCARDS_ENABLED=1\n# SECRET_X_VERSION=v1 # length=3\n# about this = that\n");
    assert_eq!(sample.known_keys(), ["SECRET_X_VERSION", "TYPE", "WILDCARDS_ENABLED"]);
}

#[test]
fn an_odd_line_is_named_and_hides_no_other() {
    for (text, odd, values) in [
        ("A=1\nno setting\nB=2\n", vec![(2, None)], vec![("A", "1"), ("B", "2")]),
        ("A=1\nB=\"open\nC=3\n", vec![(2, Some("B"))], vec![("A", "1"), ("C", "3")]),
        // The quote that would close it opens another value.
        ("A='open\nB='2'\nC=3\n", vec![(1, Some("A"))], vec![("B", "2"), ("C", "3")]),
        ("A=\"one\ntwo\"\nB-C=1\nD=\"4\" junk\n", vec![(3, None), (4, None)], vec![("A", "one\ntwo"), ("D", "4")]),
        ("A=1\n<<<<<<< HEAD\nB=2\n=======\nB=3\n", vec![(2, None)], vec![("", "======"), ("A", "1"), ("B", "3")]),
        ("A=1\nlast", vec![(2, None)], vec![("A", "1")]),
    ] {
        let file = EnvFile::parse(text.as_bytes());
        let odd =
            odd.into_iter().map(|(line, key): (usize, Option<&str>)| OddLine { line, key: key.map(str::to_owned) });
        assert_eq!(file.odd_lines(), odd.collect::<Vec<_>>(), "{text:?}");
        let values = values.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        assert_eq!(file.values(), values, "{text:?}");
    }
}

#[test]
fn a_value_does_not_end_the_quote_of_an_odd_line() {
    let text = "A=\"open\nB=1\n";
    let mut file = EnvFile::parse(text.as_bytes());
    assert_eq!(file.set("Z", "=x y"), Err(Error::Quote("Z".into())));
    assert_eq!(file.to_bytes(), text.as_bytes());
    file.set("Z", "1").unwrap();
}

#[test]
fn keys_are_written_in_many_ways() {
    let text = "export A=1\nB: 2\n  C = 3 \nexport: 4\nD.e=5\nF='6' G=\"7\"# end\n\u{a0}H=8\rI=9\n";
    let expected = [
        ("A", "1"),
        ("B", "2"),
        ("C", "3"),
        ("export", "4"),
        ("D.e", "5"),
        ("F", "6"),
        ("G", "7"),
        ("H", "8"),
        ("I", "9"),
    ];
    let file = EnvFile::parse(text.as_bytes());
    assert_eq!(file.odd_lines(), []);
    assert_eq!(file.values(), expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
}

proptest! {
    #[test]
    fn any_bytes_are_kept(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(EnvFile::parse(&text).to_bytes(), text);
    }

    #[test]
    fn any_text_like_a_file_is_kept(text in "([A-C =\"'#$\\\\\r\n{}x]|export ){0,60}") {
        let file = EnvFile::parse(text.as_bytes());
        let _ = file.values();
        prop_assert_eq!(file.to_bytes(), text.into_bytes());
    }

    #[test]
    fn a_set_value_is_read_back_and_other_lines_stay(
        text in "([A-C]=[a-c \"'#$\\\\]{0,6}\r?\n|# [a-c]*\n){0,8}",
        value in "[ -~]{0,12}",
    ) {
        let mut file = EnvFile::parse(text.as_bytes());
        let before = file.values();
        if file.set("Z", &value).is_err() {
            prop_assert!(!file.odd_lines().is_empty());
            return Ok(());
        }
        let again = EnvFile::parse(&file.to_bytes());
        prop_assert_eq!(again.get("Z"), Some(value.clone()));
        file.set("Z", "other").unwrap();
        prop_assume!(file.set("Z", &value).is_ok());
        let again = EnvFile::parse(&file.to_bytes());
        prop_assert_eq!(again.get("Z"), Some(value));
        for (key, value) in before {
            prop_assert_eq!(again.get(&key), Some(value));
        }
    }

    #[test]
    fn any_definition_can_be_set(written in "[ -~]{0,12}", value in "[ -~]{0,12}") {
        let text = format!("A=0\nK={written}\n# end\n");
        let mut file = EnvFile::parse(text.as_bytes());
        file.set("K", &value).unwrap();
        let again = EnvFile::parse(&file.to_bytes());
        prop_assert_eq!(again.get("K"), Some(value));
        prop_assert_eq!(again.get("A"), Some("0".to_owned()));
        prop_assert!(file.to_bytes().ends_with(b"# end\n"));
    }
}
