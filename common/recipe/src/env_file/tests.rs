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
        ("S=v1\n", "S", "'$x\\\"", "S=\"'\\$x\\\\\\\"\"\n"),
        ("S=v1 # why\n", "S", "", "S=\"\" # why\n"),
        ("S=v1\n", "S", "", "S=\n"),
        ("  export S = v1\n", "S", "v2", "  export S = v2\n"),
        ("S=1\nS=2\n", "S", "3", "S=1\nS=3\n"),
        ("S=\"a\nB=x\nc\"\n", "B", "2", "S=\"a\nB=2\nc\"\n"),
        ("S=\"a\"junk\n", "S", "b", "S=\"b\"\n"),
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
        ("X", "${C"),
        ("Y", "$"),
    ];
    for (key, value) in expected {
        assert_eq!(values.get(key).map(String::as_str), Some(value), "{key}");
    }
}

#[test]
fn setting_what_is_set_touches_nothing() {
    let text = "COMPOSE_FILE=\"compose.yml\"\r\nCOMPOSE_FILE=\"$COMPOSE_FILE:a.yml\"";
    assert_eq!(edited(text, "COMPOSE_FILE", "compose.yml:a.yml"), text);
}

#[test]
fn keys_and_values_that_do_not_fit_are_refused() {
    let mut file = EnvFile::parse(b"A=1\n");
    for (key, value) in [("A", "a\nb"), ("A", "a\rb"), ("A", "a\0b"), ("", "x"), ("1A", "x"), ("A B", "x"), ("A=", "x")]
    {
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
fn a_removed_key_is_gone_with_all_its_definitions() {
    let mut file = EnvFile::parse(b"A=1\nB=2\nA=3");
    file.remove("A");
    assert_eq!(file.to_bytes(), b"B=2\n");
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
    fn what_is_set_is_read_back_and_nothing_else_changes(
        text in "([A-C]=[a-c \"'#$\\\\]{0,6}\r?\n|# [a-c]*\n){0,8}",
        value in "[ -~]{0,12}",
    ) {
        let mut file = EnvFile::parse(text.as_bytes());
        let before = file.values();
        file.set("Z", &value).unwrap();
        let again = EnvFile::parse(&file.to_bytes());
        prop_assert_eq!(again.get("Z"), Some(value.clone()));
        file.set("Z", "other").unwrap();
        file.set("Z", &value).unwrap();
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
