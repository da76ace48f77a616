//! The one set-up of `tracing`: journald when it is there, else readable lines on standard error.

use std::env;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::panic;

use base::error::{Class, Explain};
use tracing::Level;
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// The destination of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// The journal.
    Journal,
    /// A person's terminal.
    Terminal,
    /// Plain lines.
    Plain,
}

/// Starts the log of a program on the host, as `identifier`. On a terminal only lines of `on_terminal` and above are
/// shown; outside the journal `RUST_LOG` sets another level.
pub fn start(identifier: &str, on_terminal: Level) -> Destination {
    // systemd sets this when standard error is the journal already; a person at a terminal wants lines.
    if env::var_os("JOURNAL_STREAM").is_some()
        && let Ok(journald) = tracing_journald::layer()
    {
        let mappings =
            PriorityMappings { info: Priority::Informational, debug: Priority::Debug, ..PriorityMappings::new() };
        let journald =
            journald.with_field_prefix(None).with_syslog_identifier(identifier.into()).with_priority_mappings(mappings);
        tracing_subscriber::registry().with(journald).with(LevelFilter::INFO).init();
        return Destination::Journal;
    }
    let is_terminal = std::io::stderr().is_terminal();
    let level = if is_terminal { on_terminal } else { Level::INFO };
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::from_level(level).into()).from_env_lossy();
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal && env::var_os("NO_COLOR").is_none())
        .without_time()
        .with_target(false)
        .fmt_fields(fmt::format::debug_fn(|writer, field, value| {
            // The fields are for the journal; a reader of plain lines wants the sentence.
            if field.name() == "message" { write!(writer, "{value:?}") } else { Ok(()) }
        }));
    tracing_subscriber::registry().with(lines).with(filter).init();
    if is_terminal { Destination::Terminal } else { Destination::Plain }
}

/// A level that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("${variable} is `{}`, which is no level", level.escape_debug())]
pub struct NoLevel {
    variable: &'static str,
    level: String,
}

impl Explain for NoLevel {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some("write error, warn, info, debug or trace".into())
    }
}

/// Starts the log of a program in a container: a line each on standard error, `LEVEL sentence key=value`, without the
/// time, which Docker adds. `variable` sets the level. Only lines of `crates` are shown, so that no library can print
/// what it carries. A panic becomes a line too.
pub fn start_in_container(variable: &'static str, crates: &[&str]) -> Result<(), NoLevel> {
    let level = match env::var(variable) {
        Ok(level) if !level.is_empty() => level.parse().map_err(|_| NoLevel { variable, level })?,
        _ => LevelFilter::INFO,
    };
    let ours = Targets::new().with_targets(crates.iter().map(|name| (*name, level)));
    let fields = fmt::format::debug_fn(|writer, field, value| {
        let text = one_line(&format!("{value:?}"));
        if field.name() == "message" { write!(writer, "{text}") } else { write!(writer, "{field}={text}") }
    });
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .fmt_fields(fields.delimited(" "));
    // Fails only when there is one already.
    drop(tracing_subscriber::registry().with(lines).with(ours).try_init());
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a bug: {}", panic.payload_as_str().unwrap_or("panicked"));
    }));
    Ok(())
}

/// Escapes control characters and line separators, so that a value stays within its line.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            // Writing to a String cannot fail.
            let _ = write!(line, "{}", c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_stays_on_one_line() {
        assert_eq!(one_line("a\nINFO b\r\u{1b}[31m\u{85}é"), r"a\nINFO b\r\u{1b}[31m\u{85}é");
    }
}
