//! What a step's shell reads.

use crate::pipeline::Work;

/// The script of a step. What a repository, a build or a person wrote never becomes part of a line, but for the commands
/// of the pipeline themselves.
pub fn script(work: &Work) -> String {
    match work {
        Work::Commands(commands) => commands.iter().fold("set -e\n".to_owned(), |script, command| {
            format!("{script}\nprintf '+ %s\\n' {}\n{command}\n", quoted(command))
        }),
        Work::Clone(depth) => {
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
    fn commands_are_shown_as_they_are_written_and_the_first_failure_ends_the_step() {
        let commands = ["echo 'it''s' \"$A\"", "false", "echo never"].map(str::to_owned).to_vec();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sh");
        std::fs::write(&path, script(&Work::Commands(commands))).unwrap();
        let said = Command::new("/bin/sh").arg("-e").arg(&path).env("A", "$(id) `id`").output().unwrap();
        let shown = String::from_utf8(said.stdout).unwrap();
        assert_eq!(shown, "+ echo 'it''s' \"$A\"\nits $(id) `id`\n+ false\n");
        assert_eq!(said.status.code(), Some(1));
    }
}
