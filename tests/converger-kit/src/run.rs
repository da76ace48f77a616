//! One run of a converger, and what tests expect of it.

use std::time::Duration;

use dockerd::Call;
use serde_json::Value;

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    /// The exit code; none if a signal ended the run.
    pub exit_code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error: the log and the error.
    pub stderr: String,
    /// The report in the runtime directory; null without one.
    pub report: Value,
    /// The calls to Docker.
    pub calls: Vec<Call>,
    /// The mutating calls, by service: Docker first, then each HTTP proxy of the world.
    pub writes: Vec<Writes>,
    /// The time from start to end.
    pub duration: Duration,
}

/// The mutating calls of a run to one service.
#[derive(Debug, Clone)]
pub struct Writes {
    /// The service's name.
    pub service: &'static str,
    /// Method and path of each call.
    pub calls: Vec<String>,
}

impl Run {
    /// Asserts the exit code and the report's outcome.
    #[track_caller]
    pub fn assert_outcome(&self, exit_code: i32, outcome: &str) -> &Self {
        let seen = (self.exit_code, self.report["outcome"].as_str());
        assert_eq!(seen, (Some(exit_code), Some(outcome)), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Asserts a failure with one message and a hint, without a panic, within the deadline.
    #[track_caller]
    pub fn assert_clear_failure(&self, within: Duration) {
        self.assert_outcome(1, "failed");
        assert!(self.report["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{self:#?}");
        assert!(self.stderr.contains("hint: "), "{self:#?}");
        assert!(self.duration < within, "took {:?}, not {within:?}: {self:#?}", self.duration);
    }

    /// Asserts that the run made no mutating call to any service.
    #[track_caller]
    pub fn assert_no_writes(&self) {
        assert_eq!(self.all_writes(), [""; 0], "{self:#?}");
    }

    /// Asserts that standard error contains the text.
    #[track_caller]
    pub fn assert_says(&self, text: &str) {
        assert!(self.stderr.contains(text), "expected `{text}` in: {}", self.stderr);
    }

    /// The mutating calls to all services.
    pub fn all_writes(&self) -> Vec<&str> {
        self.writes.iter().flat_map(|writes| &writes.calls).map(String::as_str).collect()
    }

    /// The mutating calls to one service.
    #[track_caller]
    pub fn writes_to(&self, service: &str) -> &[String] {
        let of_service = self.writes.iter().find(|writes| writes.service == service);
        of_service.map_or_else(|| panic!("no service {service}"), |writes| &writes.calls)
    }

    /// The report's changes, one line each.
    pub fn changes(&self) -> Vec<&str> {
        self.report["changes"].as_array().into_iter().flatten().filter_map(|change| change["change"].as_str()).collect()
    }

    /// Prints the report's changes with their durations.
    pub fn print_changes(&self) {
        for change in self.report["changes"].as_array().unwrap() {
            println!("{:5.1} s  {}", change["seconds"].as_f64().unwrap(), change["change"].as_str().unwrap());
        }
    }
}
