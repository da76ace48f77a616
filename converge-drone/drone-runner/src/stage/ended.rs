//! How a step's unit ended, in Drone's terms.

use systemd::transient::Exit;

use crate::rpc::wire::Status;

/// `CLD_EXITED`.
const EXITED: i32 = 1;

/// Status, exit code and a word on it, as Drone's page shows them.
pub fn in_drone(ended: &Exit) -> (Status, i32, String) {
    let exit = if ended.code == EXITED { ended.status } else { 128 + ended.status };
    match ended.result.as_str() {
        "lost" => (Status::Error, 255, "systemd has lost the step's unit: nobody knows how it ended".into()),
        _ if !ended.was_active => {
            let word = format!("systemd could not start the step ({}, status {})", ended.result, ended.status);
            (Status::Error, 255, word)
        }
        // To systemd one that SIGTERM ended has ended well.
        "success" if exit == 0 => (Status::Success, 0, String::new()),
        "timeout" => (Status::Killed, 137, "the step took longer than the repository's timeout".into()),
        "oom-kill" => (Status::Failure, 137, "the step was out of memory".into()),
        _ => (Status::Failure, if exit == 0 { 1 } else { exit }, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_in_drones_terms() {
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
        for (result, code, status, was_active, expected, exit) in table {
            let ended = Exit { result: result.into(), code, status, was_active };
            let (found, code, _) = in_drone(&ended);
            assert_eq!((found, code), (expected, exit), "{ended:?}");
        }
    }
}
