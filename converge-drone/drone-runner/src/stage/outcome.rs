//! The outcome of a step: the result of its service, in Drone's terms.

use systemd::transient::Exit;

use http::drone::Status;

/// `CLD_EXITED`.
const EXITED: i32 = 1;

/// The size of an error in Drone's store, in bytes.
const ERROR_SIZE: usize = 500;

/// The outcome of a step, as Drone's page shows it.
#[derive(Debug, Default)]
pub struct StepOutcome {
    pub status: Status,
    pub exit_code: i32,
    pub error: String,
}

impl StepOutcome {
    /// A step that ended well.
    pub fn success() -> Self {
        Self { status: Status::Success, ..Self::default() }
    }

    /// A step that was stopped.
    pub fn killed(reason: &str) -> Self {
        Self { status: Status::Killed, exit_code: 137, error: reason.into() }
    }

    /// A step that was not started, or whose end is not known.
    pub fn error(reason: &str) -> Self {
        Self { status: Status::Error, exit_code: 255, error: shortened(reason) }
    }

    /// Translates the result of a service.
    pub fn from_exit(exit: &Exit) -> Self {
        let code = if exit.code == EXITED { exit.status } else { 128 + exit.status };
        match exit.result.as_str() {
            "lost" => Self::error("systemd has lost the step's unit, so its result is not known"),
            _ if !exit.was_active => {
                Self::error(&format!("systemd could not start the step ({}, status {})", exit.result, exit.status))
            }
            // systemd counts an end by SIGTERM as a success.
            "success" if code == 0 => Self::success(),
            "timeout" => Self::killed("the step took longer than the repository's timeout"),
            "oom-kill" => Self { status: Status::Failure, exit_code: 137, error: "the step was out of memory".into() },
            _ => Self { status: Status::Failure, exit_code: if code == 0 { 1 } else { code }, error: String::new() },
        }
    }
}

/// Cuts an error to the size that Drone stores.
pub fn shortened(text: &str) -> String {
    let end = (0..=ERROR_SIZE.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_translated_to_drones_terms() {
        let table = [
            ("success", 1, 0, true, Status::Success, 0),
            ("success", 2, 15, true, Status::Failure, 143),
            ("exit-code", 1, 3, true, Status::Failure, 3),
            ("signal", 2, 9, true, Status::Failure, 137),
            ("oom-kill", 2, 9, true, Status::Failure, 137),
            ("timeout", 2, 15, true, Status::Killed, 137),
            ("exit-code", 1, 203, false, Status::Error, 255),
            ("exit-code", 1, 203, true, Status::Failure, 203),
        ];
        for (result, code, status, was_active, expected, exit_code) in table {
            let exit = Exit { result: result.into(), code, status, was_active };
            let found = StepOutcome::from_exit(&exit);
            assert_eq!((found.status, found.exit_code), (expected, exit_code), "{exit:?}");
        }
    }
}
