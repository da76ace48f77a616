use std::fs;
use std::process::Command;

use super::*;

#[test]
fn commands_are_printed_unchanged_and_the_first_failure_ends_the_step() {
    let commands = ["echo 'it''s' \"$A\"", "false", "echo never"].map(str::to_owned).to_vec();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sh");
    fs::write(&path, script(&StepKind::Commands(commands), "export B='x\r'\n")).unwrap();
    let output = Command::new("/bin/sh").arg("-e").arg(&path).env("A", "$(id) `id`").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(shown, "+ echo 'it''s' \"$A\"\nits $(id) `id`\n+ false\n");
    assert_eq!(output.status.code(), Some(1));
}
