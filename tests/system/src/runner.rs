//! drone-runner on the lab's machine, as systemd shows it.

use std::time::Duration;

use lab::{Lab, Seen, wait_until};

use crate::error::{Error, Result};

/// The unit.
const UNIT: &str = "drone-runner.service";
/// The deadline of a wait. Long, because a busy machine of a CI shares its cores.
const WITHIN: Duration = Duration::from_mins(5);

/// Waits until the status line of the runner contains a text.
pub fn until_runner_says(lab: &Lab, text: &str) -> Result<()> {
    let line = format!("systemctl show --property=StatusText --value {UNIT}");
    until(lab, &format!("the status of {UNIT} to contain `{text}`"), &line, |line| line.contains(text))
}

/// Waits until the runner's process is this program.
pub fn until_runner_is(lab: &Lab, program: &str) -> Result<()> {
    let process = format!("readlink /proc/$(systemctl show --property=MainPID --value {UNIT})/exe || true");
    until(lab, &format!("the process of {UNIT} to be {program}"), &process, |found| found == program)
}

/// The runner's status, for a failed test.
pub fn runner_status(lab: &Lab) -> String {
    let command = format!("systemctl status --no-pager --full --lines=30 {UNIT}");
    // The exit code tells only if the unit is active.
    lab.exec(&["sh", "-c", &command]).map_or_else(|error| format!("{error:?}"), |output| output.stdout)
}

fn until(lab: &Lab, what: &str, command: &str, is_it: impl Fn(&str) -> bool) -> Result<()> {
    let waited = wait_until(what, WITHIN, || {
        let output = lab.exec(&["sh", "-c", command])?;
        let found = output.stdout.trim();
        Ok(if is_it(found) { Seen::Yes(()) } else { Seen::NotYet(found.to_owned()) })
    });
    waited.map_err(|error| Error::NotSo(format!("{error}\n{}", runner_status(lab))))
}
