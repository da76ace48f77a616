//! What is logged: a line each on standard error, `LEVEL sentence key=value`, without the time, which whoever keeps a
//! container's log adds. `COMMENT_BRIDGE_LOG` sets the level. Only this program's own lines are there: no library gets to
//! show what it carries.

use std::fmt::Write as _;
use std::panic;

use base::error::{Class, Explain};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The variable that sets the level.
const VARIABLE: &str = "COMMENT_BRIDGE_LOG";

/// A level that is none.
#[derive(Debug, thiserror::Error)]
#[error("${VARIABLE} is `{}`, which is no level", .0.escape_debug())]
pub struct NoLevel(String);

impl Explain for NoLevel {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some("write error, warn, info, debug or trace".into())
    }
}

/// Starts it, for the whole process. A panic is a line too.
pub fn start() -> Result<(), NoLevel> {
    let level = match std::env::var(VARIABLE) {
        Ok(level) if !level.is_empty() => level.parse().map_err(|_| NoLevel(level))?,
        _ => LevelFilter::INFO,
    };
    let ours = Targets::new().with_targets(["comment_bridge", "base", "http", "results"].map(|name| (name, level)));
    let fields = tracing_subscriber::fmt::format::debug_fn(|writer, field, value| {
        let text = one_line(&format!("{value:?}"));
        if field.name() == "message" { write!(writer, "{text}") } else { write!(writer, "{field}={text}") }
    });
    let lines = tracing_subscriber::fmt::layer()
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

/// Whatever is in it stays within its line.
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
    fn nothing_leaves_its_line() {
        assert_eq!(one_line("a\nINFO b\r\u{1b}[31m\u{85}é"), r"a\nINFO b\r\u{1b}[31m\u{85}é");
    }
}
