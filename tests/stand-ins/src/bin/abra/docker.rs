//! Docker, by its command line.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fatal::Fatal;

/// Runs docker and returns its stdout, or its stderr as the error.
pub fn docker(arguments: &[&str]) -> Result<String, Fatal> {
    finish(Command::new("docker").args(arguments), None)
}

/// Runs docker with bytes on its stdin.
pub fn docker_with_input(arguments: &[&str], input: &[u8]) -> Result<String, Fatal> {
    finish(Command::new("docker").args(arguments), Some(input))
}

/// Runs a docker command to its end.
pub fn finish(command: &mut Command, input: Option<&[u8]>) -> Result<String, Fatal> {
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(Fatal::when("docker"))?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // A command that ends before it reads its input reports the cause itself.
        let _ = stdin.write_all(input);
    }
    let output = child.wait_with_output().map_err(Fatal::when("docker"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(Fatal::new(text(&output.stderr))) }
}

/// The lines of `docker <kind> ls` for a filter.
pub fn list(kind: &[&str], filter: &str, format: &str) -> Result<Vec<String>, Fatal> {
    let arguments = [kind, &["ls", "--filter", filter, "--format", format]].concat();
    Ok(docker(&arguments)?.lines().map(str::to_owned).collect())
}

/// The services of a stack as Docker describes them.
pub fn services(stack: &str) -> Result<Vec<Value>, Fatal> {
    let ids = docker(&["service", "ls", "--quiet", "--filter", &namespace(stack)])?;
    inspect("service", &ids)
}

/// The tasks of a service that Swarm wants to run, as Docker describes them.
pub fn tasks(service: &str) -> Result<Vec<Value>, Fatal> {
    let wanted = ["service", "ps", "--quiet", "--no-trunc", "--filter", "desired-state=running", service];
    inspect("task", &docker(&wanted)?)
}

/// All running containers of a stack's service, by id.
pub fn containers(stack: &str, service: &str) -> Result<Vec<String>, Fatal> {
    list(&["container"], &format!("label=com.docker.swarm.service.name={stack}_{service}"), "{{.ID}}")
}

pub fn inspect(kind: &str, ids: &str) -> Result<Vec<Value>, Fatal> {
    let ids: Vec<&str> = ids.split_whitespace().collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Objects removed meanwhile are left out; an error of the daemon is reported.
    let output = Command::new("docker").args(["inspect", "--type", kind]).args(&ids).stdin(Stdio::null()).output();
    let output = output.map_err(Fatal::when("docker"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && !said.to_lowercase().contains("no such") {
        return Err(Fatal::new(said.trim_end()));
    }
    serde_json::from_slice(&output.stdout).map_err(Fatal::when("docker inspect"))
}

/// The filter for the objects of a stack.
pub fn namespace(stack: &str) -> String {
    format!("label=com.docker.stack.namespace={stack}")
}
