//! The two texts that give a step its variables: a file for systemd, and the beginning of the script.

use super::Environment;

impl Environment {
    /// The text of an `EnvironmentFile=`. A file, because every user of the bus may read the environment that is set on a
    /// unit.
    pub fn file(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.variables.iter().filter(|(_, value)| !has_carriage_return(value)) {
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

    /// The commands of a shell that export the other variables: systemd takes no value with a carriage return.
    pub fn exports(&self) -> String {
        let with = self.variables.iter().filter(|(_, value)| has_carriage_return(value));
        let lines: Vec<String> = with.map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect();
        lines.concat()
    }
}

fn has_carriage_return(value: &str) -> bool {
    value.contains('\r')
}

/// Quotes a text for a shell, which takes every character between single quotes as it is.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::process::Command;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let all: BTreeMap<_, _> = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Environment { variables: all, notes: Vec::new() }
    }

    #[test]
    fn special_characters_do_not_end_a_value() {
        let variables = environment(&[("A", "plain"), ("B", "a \"b\" $c `d` \\n ' # ;\nC=injected"), ("C", "a\r")]);
        assert_eq!(variables.file(), "A=\"plain\"\nB=\"a \\\"b\\\" \\$c \\`d\\` \\\\n ' # ;\nC=injected\"\n");
    }

    #[test]
    fn a_shell_keeps_every_value_with_a_carriage_return() {
        let values = [
            "one\r\ntwo\r\n",
            "\r",
            "it's $(touch owned) `touch owned` \"$HOME\" \\ \r\n'; touch owned; '",
            "'\\''\r",
            "caf\u{e9}\r\u{1f680}",
            "-n\r",
            "\r\n\r\n\n",
            "# no comment\r",
            "~/x\r",
            "!!\r*?[a]{b,c}",
        ];
        for value in values {
            let folder = tempfile::tempdir().unwrap();
            let script = format!("{}printf %s \"$A\"", environment(&[("A", value), ("B", "x")]).exports());
            let path = folder.path().join("sh");
            std::fs::write(&path, script).unwrap();
            let output = Command::new("/bin/sh").arg("-e").arg(&path).current_dir(folder.path()).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value);
            assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was run");
        }
    }
}
