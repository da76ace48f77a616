//! Errors with a class and a hint.
//!
//! `Display` says one level only; [`chain`] walks `source()`. The class decides, in this one place, whether a call is
//! tried again and which exit code a run ends with.

use std::error::Error as StdError;
use std::fmt;

use serde::Serialize;

/// The class of the failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The configuration or a credential is wrong; only an edit helps. Exit 2.
    Configuration,
    /// May go away by itself: a socket refused, a time-out, a 5xx.
    Transient,
    /// Another writer changed the same object meanwhile; observe again.
    Conflict,
    /// Only an operator can go on.
    Blocked,
    /// Tried and did not work, and trying again in this run would not help.
    Failed,
    /// A bug of this project.
    Bug,
}

impl Class {
    /// True if the same call may be made again within this run.
    pub fn is_retried(self) -> bool {
        matches!(self, Self::Transient)
    }

    /// The exit code of a run that ends with this class.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Configuration => 2,
            Self::Transient | Self::Conflict | Self::Blocked | Self::Failed | Self::Bug => 1,
        }
    }
}

/// An error with a class and a hint.
pub trait Explain: StdError + Send + Sync + 'static {
    /// The class of the failure.
    fn class(&self) -> Class;

    /// The remedy as one sentence without a final full stop, if there is one.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// An error as reports carry it: message, causes and hint, all of it safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The class of the failure.
    pub class: Class,
    /// The outermost message.
    pub message: String,
    /// The messages of every `source()` below it, outermost first.
    pub causes: Vec<String>,
    /// The remedy.
    pub hint: Option<String>,
}

impl Explained {
    /// Collects the parts of an error.
    pub fn new(error: &dyn Explain) -> Self {
        let mut causes = Vec::new();
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Transparent wrappers repeat the level below them.
            if causes.last().unwrap_or(&message) != &text {
                causes.push(text);
            }
            source = cause.source();
        }
        if message.is_empty() {
            message = causes.first().cloned().unwrap_or_default();
        }
        Self { class: error.class(), message, causes, hint: error.hint() }
    }

    /// The message with its causes on one line, as plans show a reason.
    pub fn reason(&self) -> String {
        [vec![self.message.clone()], self.causes.clone()].concat().join(": ")
    }

    /// The reason and the hint, for a plan.
    pub fn reason_and_hint(&self) -> (String, String) {
        (self.reason(), self.hint.clone().unwrap_or_default())
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        for cause in &self.causes {
            write!(f, ": {cause}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// The message of an error and of all its causes, on one line.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let next = cause.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = cause.source();
    }
    text
}

/// The message of an error with its causes and its hint, on one line.
pub fn one_line(error: &dyn Explain) -> String {
    let hint = error.hint().map(|hint| format!("; {hint}"));
    format!("{}{}", chain(error), hint.unwrap_or_default())
}
