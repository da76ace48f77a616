//! The shell script of a step.

use crate::environment::quoted;
use crate::pipeline::StepKind;

/// The script of a step, after the exports of its environment. Only the commands of the pipeline become commands; all other
/// values are read from variables.
pub fn script(kind: &StepKind, exports: &str) -> String {
    let begin = format!("{exports}set -e\n");
    match kind {
        StepKind::Commands(commands) => commands.iter().fold(begin, |script, command| {
            format!("{script}\nprintf '+ %s\\n' {}\n{command}\n", quoted(command.trim_end()))
        }),
        StepKind::Clone(depth) => {
            let depth = depth.map_or(String::new(), |depth| format!(" --depth={depth}"));
            begin + &CLONE.replace(" DEPTH", &depth)
        }
    }
}

/// The commands of the clone. The branch may have moved or be gone since the build was made, so that its history, whole or
/// to a depth, lacks the commit: then the commit is fetched by its id. A branch that the environment lacks (systemd refuses
/// its name) is named `drone`.
const CLONE: &str = r#"
git init -q .
git remote add origin "$DRONE_REMOTE_URL"
if test -n "$DRONE_COMMIT_REF"; then
    printf '+ git fetch %s\n' "$DRONE_COMMIT_REF"
    git fetch -q DEPTH origin "+$DRONE_COMMIT_REF:refs/remotes/origin/drone" || test -n "$DRONE_COMMIT_SHA"
fi
if ! git cat-file -e "$DRONE_COMMIT_SHA^{commit}" 2>/dev/null; then
    printf '+ git fetch %s\n' "$DRONE_COMMIT_SHA"
    git fetch -q DEPTH origin "+$DRONE_COMMIT_SHA:refs/remotes/origin/drone"
fi
printf '+ git checkout %s\n' "$DRONE_COMMIT_SHA"
git checkout -q -B "${DRONE_COMMIT_BRANCH:-drone}" "$DRONE_COMMIT_SHA" --
"#;

#[cfg(test)]
mod tests;
