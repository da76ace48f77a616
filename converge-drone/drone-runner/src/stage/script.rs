//! The shell script of a step.

use crate::pipeline::StepKind;

/// The script of a step. Only the commands of the pipeline become part of it; all other values are read from variables.
pub fn script(kind: &StepKind) -> String {
    match kind {
        StepKind::Commands(commands) => commands.iter().fold("set -e\n".to_owned(), |script, command| {
            format!("{script}\nprintf '+ %s\\n' {}\n{command}\n", quoted(command))
        }),
        StepKind::Clone(depth) => {
            let depth = depth.map_or(String::new(), |depth| format!("--depth={depth} "));
            format!(
                "set -e\n\
                 git init -q .\n\
                 git remote add origin \"$DRONE_REMOTE_URL\"\n\
                 printf '+ git fetch %s\\n' \"$DRONE_COMMIT_REF\"\n\
                 git fetch -q {depth}origin \"+$DRONE_COMMIT_REF:refs/remotes/origin/drone\"\n\
                 printf '+ git checkout %s\\n' \"$DRONE_COMMIT_SHA\"\n\
                 git checkout -q -B \"$DRONE_COMMIT_BRANCH\" \"$DRONE_COMMIT_SHA\" --\n"
            )
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.trim_end().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn commands_are_printed_unchanged_and_the_first_failure_ends_the_step() {
        let commands = ["echo 'it''s' \"$A\"", "false", "echo never"].map(str::to_owned).to_vec();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sh");
        std::fs::write(&path, script(&StepKind::Commands(commands))).unwrap();
        let output = Command::new("/bin/sh").arg("-e").arg(&path).env("A", "$(id) `id`").output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert_eq!(shown, "+ echo 'it''s' \"$A\"\nits $(id) `id`\n+ false\n");
        assert_eq!(output.status.code(), Some(1));
    }
}
