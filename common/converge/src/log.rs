//! Where a converger's lines go: journald when it is there, else readable lines on standard error.

use std::env;
use std::io::IsTerminal;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// `MESSAGE_ID`s: `journalctl MESSAGE_ID=…` finds every line of a kind. docs/operate.md lists them.
pub mod message_id {
    /// A change was made.
    pub const CHANGE_DONE: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a11";
    /// A change failed.
    pub const CHANGE_FAILED: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a12";
    /// Something differs and is left alone.
    pub const DRIFT: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a13";
    /// Only an operator can go on.
    pub const BLOCKED: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a14";
    /// Something to look at soon.
    pub const WARNING: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a15";
    /// A run ended.
    pub const OUTCOME: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a16";
}

/// Where the lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The journal.
    Journal,
    /// A person's terminal: the live list tells of changes, so only warnings and errors are lines.
    Terminal,
    /// Plain lines.
    Plain,
}

/// Starts logging for `converge-<name>`.
pub fn start(name: &str) -> Place {
    // systemd sets this when our standard error is the journal already; a person running us by hand has no use for it.
    if env::var_os("JOURNAL_STREAM").is_some()
        && let Ok(journald) = tracing_journald::layer()
    {
        let journald =
            journald.with_field_prefix(None).with_syslog_identifier(format!("converge-{name}")).with_priority_mappings(
                PriorityMappings { info: Priority::Informational, debug: Priority::Debug, ..PriorityMappings::new() },
            );
        tracing_subscriber::registry().with(journald).with(LevelFilter::INFO).init();
        return Place::Journal;
    }
    let terminal = std::io::stderr().is_terminal();
    let default = if terminal { LevelFilter::from_level(Level::WARN) } else { LevelFilter::INFO };
    let filter = EnvFilter::builder().with_default_directive(default.into()).from_env_lossy();
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(terminal && env::var_os("NO_COLOR").is_none())
        .without_time()
        .with_target(false)
        .fmt_fields(fmt::format::debug_fn(|writer, field, value| {
            // The fields are for the journal; a reader of plain lines wants the sentence.
            if field.name() == "message" { write!(writer, "{value:?}") } else { Ok(()) }
        }));
    tracing_subscriber::registry().with(lines).with(filter).init();
    if terminal { Place::Terminal } else { Place::Plain }
}
