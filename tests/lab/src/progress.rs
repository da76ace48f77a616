//! Progress of long steps: one live line on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Detail of the present step.
static DETAIL: Mutex<String> = Mutex::new(String::new());

/// Interval between two updates of a terminal's line.
const FRAME: Duration = Duration::from_millis(100);

/// Interval between two progress lines in a log.
const STILL: Duration = Duration::from_secs(20);

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// Sets the detail of the present step.
pub fn tell(detail: &str) {
    detail.clone_into(&mut DETAIL.lock().unwrap_or_else(PoisonError::into_inner));
}

fn detail() -> String {
    DETAIL.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Runs a step, and shows its progress and its result.
pub fn during<T, E>(step: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    tell("");
    let started = Instant::now();
    let (ended, end) = mpsc::channel::<()>();
    let is_live = std::io::stderr().is_terminal();
    let result = thread::scope(|scope| {
        scope.spawn(move || if is_live { draw(step, started, &end) } else { log(step, started, &end) });
        let result = work();
        drop(ended);
        result
    });
    let (mark, clear) = (if result.is_ok() { '✓' } else { '✗' }, if is_live { "\r\x1b[2K" } else { "" });
    eprintln!("{clear}{mark} {step} ({:.1} s)", started.elapsed().as_secs_f32());
    result
}

fn draw(step: &str, started: Instant, end: &mpsc::Receiver<()>) {
    for frame in SPINNER.iter().cycle() {
        let detail: String = detail().chars().take(60).collect();
        let gap = if detail.is_empty() { "" } else { " · " };
        eprint!("\r\x1b[2K{frame} {step}{gap}{detail} ({} s)", started.elapsed().as_secs());
        // A closed terminal does not stop the work.
        let _ = std::io::stderr().flush();
        if end.recv_timeout(FRAME) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

fn log(step: &str, started: Instant, end: &mpsc::Receiver<()>) {
    eprintln!("  {step} …");
    while end.recv_timeout(STILL) == Err(RecvTimeoutError::Timeout) {
        eprintln!("  {step}: {} ({} s)", detail(), started.elapsed().as_secs());
    }
}
