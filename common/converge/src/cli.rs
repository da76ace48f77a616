//! The command line of all convergers: flags, one run, exit code.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum};
use daemon::log::{self, Destination};
use daemon::signals::{Request, Signals};
use serde_json::json;
use tokio::time::timeout;
use tracing::Level;

use super::human::{PlanText, ReportText};
use super::progress::Progress;
use super::run::{Ended, run};
use super::{Converger, Loaded, Outcome, Record, load};
use base::error::{Class, Explain, Explained};
use base::host::Host;
use base::lock::Lock;
use base::plan::Plan;

/// `--plan` found changes.
const FOUND_CHANGES: u8 = 3;

#[derive(Debug, Parser)]
#[command(version, about = "Brings one piece of this host to its declared state, and changes nothing when it is there")]
struct Flags {
    /// The configuration [default: /etc/converge/<name>.json].
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
    /// Show what would be done, and change nothing. Exit 3 when there are changes.
    #[arg(long, conflicts_with_all = ["check_config", "schema"])]
    plan: bool,
    /// Check the configuration alone: no host, no credentials.
    #[arg(long, conflicts_with = "schema")]
    check_config: bool,
    /// Print the JSON Schema of the configuration.
    #[arg(long)]
    schema: bool,
    /// How to print the plan or the report.
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// A run that was ended from outside.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("the run was not done after {seconds} s (limits.run_seconds) and was stopped while: {doing}")]
    Deadline { seconds: u32, doing: String },
    #[error("the run was stopped by {signal} while: {doing}")]
    Signal { signal: &'static str, doing: String },
}

impl Explain for Interrupted {
    fn class(&self) -> Class {
        Class::Failed
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Deadline { .. } => {
                "see what took so long above; raise limits.run_seconds if it only needs longer".into()
            }
            Self::Signal { .. } => "the next run goes on from here".into(),
        })
    }
}

/// Command line of a converger, under the converger's own name.
pub fn command<C: Converger>() -> clap::Command {
    Flags::command().name(format!("converge-{}", C::NAME))
}

/// `fn main` of a converger.
pub fn main<C: Converger>() -> ExitCode {
    let flags = match Flags::from_arg_matches(&command::<C>().get_matches()) {
        Ok(flags) => flags,
        Err(error) => error.exit(),
    };
    if flags.schema {
        return print_out(&format!("{:#}", schemars::schema_for!(C::Desired).to_value()), 0);
    }
    // The live list tells of changes, so a terminal shows only warnings and errors as lines.
    let log = log::start(&format!("converge-{}", C::NAME), Level::WARN);
    let path = flags.config.clone().unwrap_or_else(|| PathBuf::from(format!("/etc/converge/{}.json", C::NAME)));
    let loaded = match load::<C>(&path) {
        Ok(loaded) => loaded,
        Err(error) => return refuse(C::NAME, &Explained::new(&error)),
    };
    if flags.check_config {
        return print_out(&format!("{}: {} is valid", C::NAME, path.display()), 0);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(C::NAME, &explained(Class::Bug, format!("cannot start: {error}"))),
    };
    let host = Host::from_environment(C::NAME);
    let code = runtime.block_on(async {
        if flags.plan {
            show_plan::<C>(loaded, host, flags.format).await
        } else {
            converge::<C>(loaded, host, flags.format, log).await
        }
    });
    // A blocked thread must not keep a finished run alive.
    runtime.shutdown_background();
    code
}

/// Observes and plans, and prints the plan.
async fn show_plan<C: Converger>(loaded: Loaded<C::Desired>, host: Host, format: Format) -> ExitCode {
    let limits = C::limits(&loaded.desired);
    let backoff = host.backoff;
    let looking = async {
        let converger = C::connect(loaded.desired, host).await?;
        let observed = backoff.retry(async || converger.observe().await).await?;
        let facts = C::facts(converger.desired(), &observed);
        Ok::<_, C::Error>((C::plan(converger.desired(), &observed), facts, observed))
    };
    let (plan, facts, observed) = match timeout(limits.run(), looking).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return refuse(C::NAME, &Explained::new(&error)),
        Err(_) => {
            let cut = Interrupted::Deadline { seconds: limits.run_seconds, doing: "looking".into() };
            return refuse(C::NAME, &Explained::new(&cut));
        }
    };
    let text = match format {
        Format::Human => PlanText { name: C::NAME, plan: &plan, facts: &facts }.to_string(),
        Format::Json => format!("{:#}\n", json!({ "plan": plan, "facts": facts, "observed": observed })),
    };
    print_out(text.trim_end(), plan_code(&plan))
}

fn plan_code<T>(plan: &Plan<T>) -> u8 {
    if plan.is_empty() {
        0
    } else if plan.sequences.is_empty() {
        1
    } else {
        FOUND_CHANGES
    }
}

/// Makes one run.
async fn converge<C: Converger>(loaded: Loaded<C::Desired>, host: Host, format: Format, log: Destination) -> ExitCode {
    let limits = C::limits(&loaded.desired);
    let lock = host.runtime_directory.join(format!("{}.lock", C::NAME));
    let _lock = match Lock::take(&lock, &format!("converge-{}", C::NAME), limits.lock()).await {
        Ok(lock) => lock,
        Err(error) => return refuse(C::NAME, &Explained::new(&error)),
    };
    let report = host.runtime_directory.join(format!("{}.json", C::NAME));
    let progress = if log == Destination::Terminal { Progress::on_terminal() } else { Progress::none() };
    let mut record = Record::begin(C::NAME, loaded.hash, host.clock.clone(), Some(report), progress);
    let backoff = host.backoff;

    let work = async {
        match C::connect(loaded.desired, host).await {
            Ok(converger) => run(&converger, backoff, &mut record).await,
            Err(error) => Ended { outcome: Outcome::Failed, error: Some(Explained::new(&error)) },
        }
    };
    let cut = tokio::select! {
        ended = timeout(limits.run(), work) => ended.map_err(|_| None),
        name = stop_signal() => Err(Some(name)),
    };
    let ended = cut.unwrap_or_else(|signal| {
        let doing = record.report().status.clone();
        let cut = match signal {
            Some(signal) => Interrupted::Signal { signal, doing },
            None => Interrupted::Deadline { seconds: limits.run_seconds, doing },
        };
        Ended { outcome: Outcome::Failed, error: Some(Explained::new(&cut)) }
    });

    let code = match (ended.outcome.holds(), &ended.error) {
        (true, _) => 0,
        (false, Some(error)) => error.class.exit_code(),
        (false, None) => 1,
    };
    let report = record.end(ended.outcome, ended.error);
    match (format, log) {
        (Format::Json, _) => print_out(&serde_json::to_string_pretty(&report).unwrap_or_default(), code),
        (Format::Human, Destination::Terminal) => print_out(ReportText(&report).to_string().trim_end(), code),
        // The log lines have told everything.
        (Format::Human, Destination::Journal | Destination::Plain) => ExitCode::from(code),
    }
}

/// Waits for SIGTERM or SIGINT; returns the signal's name.
async fn stop_signal() -> &'static str {
    let Ok(mut signals) = Signals::listen() else {
        // Without handlers the signals keep their default: the process ends, and the next run goes on.
        return std::future::pending().await;
    };
    loop {
        if let Request::End(name) = signals.next().await {
            return name;
        }
    }
}

fn explained(class: Class, message: String) -> Explained {
    Explained { class, message, causes: Vec::new(), hint: None }
}

/// Logs an error from before the run. There is no report then.
fn refuse(name: &str, error: &Explained) -> ExitCode {
    tracing::error!(converger = name, "{error}");
    systemd::notify::status(&error.message);
    ExitCode::from(error.class.exit_code())
}

fn print_out(text: &str, code: u8) -> ExitCode {
    match writeln!(io::stdout().lock(), "{text}") {
        // A reader may close the pipe early (`| head`).
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            tracing::error!("cannot print: {error}");
            ExitCode::from(code.max(1))
        }
        _ => ExitCode::from(code),
    }
}
