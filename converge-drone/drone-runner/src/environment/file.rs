//! The environment as a file that systemd reads: what is set directly on a unit can be read by everybody on the bus.

use std::collections::BTreeMap;

/// The text of an `EnvironmentFile=`. Names and values have been checked.
pub fn file(variables: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, value) in variables {
        text.push_str(name);
        text.push_str("=\"");
        for c in value.chars() {
            if matches!(c, '"' | '\\' | '`' | '$') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push_str("\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_value_holds_it_stays_one_value() {
        let variables = BTreeMap::from([
            ("A".to_owned(), "plain".to_owned()),
            ("B".to_owned(), "a \"b\" $c `d` \\n ' # ;\nC=injected".to_owned()),
        ]);
        assert_eq!(file(&variables), "A=\"plain\"\nB=\"a \\\"b\\\" \\$c \\`d\\` \\\\n ' # ;\nC=injected\"\n");
    }
}
