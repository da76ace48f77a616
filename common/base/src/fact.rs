//! Facts: observed values for reports and the status line.

use serde::Serialize;
use serde_json::Value;

/// An observed value to show: a version, an expiry, the fill of a network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact {
    /// The name in `snake_case`, with the unit where there is one: `certificate_expires`.
    pub name: String,
    /// The value, for programs.
    pub value: Value,
    /// The text for the status line, if it belongs there: `certificate until 2027-02-11`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// A warning for the operator. Never fails a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<Warning>,
}

/// A warning for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The observed state.
    pub message: String,
    /// The remedy.
    pub hint: String,
}

impl Fact {
    /// A fact for the report only.
    pub fn new(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { name: name.into(), value: value.into(), status: None, warning: None }
    }

    /// Shows it in the status line too.
    #[must_use]
    pub fn in_status(mut self, text: impl Into<String>) -> Self {
        self.status = Some(text.into());
        self
    }

    /// Adds a warning.
    #[must_use]
    pub fn warn(mut self, message: impl Into<String>, hint: impl Into<String>) -> Self {
        self.warning = Some(Warning { message: message.into(), hint: hint.into() });
        self
    }
}
