use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

const SECRET: &str = "s3cret/with space+and=more";

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
    let secrets = MaskedValues::new([SECRET]);
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
    let secrets = MaskedValues::new([SECRET]);
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
fn what_is_short_is_shown_and_what_overlaps_is_hidden_as_one() {
    let secrets = MaskedValues::new(["short", "abcdefgh", "efghijkl", "abcdefghXYZ"]);
    assert_eq!(masked(&secrets, b"short", 2), "short");
    assert_eq!(masked(&secrets, b"<abcdefghijkl>", 3), "<******>");
    assert_eq!(masked(&secrets, b"<abcdefghXYZ>", 5), "<******>");
    assert_eq!(masked(&secrets, b"<abcdefgabcdefgh>", 1), "<abcdefg******>");
}

#[test]
fn the_lines_of_a_key_are_hidden_one_by_one() {
    let key = "-----BEGIN KEY-----\nbGluZSBvbmUgb2Yga2V5\nbGluZSB0d28gb2Yga2V5\n-----END KEY-----\n";
    let shown = masked(&MaskedValues::new([key]), b"got bGluZSB0d28gb2Yga2V5 here", 4);
    assert_eq!(shown, "got ****** here");
}

#[test]
fn a_line_is_not_held_back_for_a_long_secret() {
    let secrets = MaskedValues::new(["x".repeat(4000).as_str()]);
    let mut out = Vec::new();
    Mask::new(secrets).push(b"step one\n", &mut out);
    assert_eq!(out, b"step one\n");
}

#[test]
fn no_stream_shows_a_secret() {
    let values = ["ababababab", "babababa1", "aaaaaaaab"];
    let secrets = MaskedValues::new(values);
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
