//! Where the runner's lines go: journald with its fields when it is there, else readable lines on standard error.

use std::env;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// Starts it, for the whole process.
pub fn start() {
    if env::var_os("JOURNAL_STREAM").is_some()
        && let Ok(journald) = tracing_journald::layer()
    {
        let journald = journald.with_field_prefix(None).with_syslog_identifier("drone-runner".into());
        tracing_subscriber::registry().with(journald).with(LevelFilter::INFO).init();
        return;
    }
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    let lines =
        fmt::layer().with_writer(std::io::stderr).with_ansi(false).without_time().with_target(false).fmt_fields(
            fmt::format::debug_fn(|writer, field, value| {
                // The fields are for the journal; a reader of plain lines wants the sentence.
                if field.name() == "message" { write!(writer, "{value:?}") } else { Ok(()) }
            }),
        );
    tracing_subscriber::registry().with(lines).with(filter).init();
}
