//! Progress of long steps: one live line on a terminal, plain lines elsewhere. Steps of several threads share the line.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A step that has begun and not ended.
#[derive(Debug)]
struct Step {
    id: u64,
    name: String,
    detail: String,
    started: Instant,
}

/// The steps at work, the oldest first.
static STEPS: Mutex<Vec<Step>> = Mutex::new(Vec::new());

thread_local! {
    /// The step of this thread; 0 if there is none.
    static CURRENT: Cell<u64> = const { Cell::new(0) };
}

/// Interval between two updates of a terminal's line.
const FRAME: Duration = Duration::from_millis(100);

/// Interval between two progress lines in a log.
const STILL: Duration = Duration::from_secs(20);

/// Characters for the details of all steps together.
const WIDTH: usize = 60;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

fn steps() -> MutexGuard<'static, Vec<Step>> {
    STEPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets the detail of this thread's step.
pub fn tell(detail: &str) {
    if let Some(step) = steps().iter_mut().find(|step| step.id == CURRENT.get()) {
        detail.clone_into(&mut step.detail);
    }
}

fn begin(name: &str) -> u64 {
    let mut steps = steps();
    let id = steps.iter().map(|step| step.id).max().unwrap_or_default() + 1;
    steps.push(Step { id, name: name.to_owned(), detail: String::new(), started: Instant::now() });
    id
}

/// Runs a step, and shows its progress and its result.
pub fn during<T, E>(step: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let started = Instant::now();
    let id = begin(step);
    let outer = CURRENT.replace(id);
    let (ended, end) = mpsc::channel::<()>();
    let is_live = std::io::stderr().is_terminal();
    let result = thread::scope(|scope| {
        scope.spawn(move || if is_live { draw(id, &end) } else { log(id, &end) });
        let result = work();
        drop(ended);
        result
    });
    CURRENT.set(outer);
    steps().retain(|step| step.id != id);
    let (mark, clear) = (if result.is_ok() { '✓' } else { '✗' }, if is_live { "\r\x1b[2K" } else { "" });
    eprintln!("{clear}{mark} {step} ({:.1} s)", started.elapsed().as_secs_f32());
    result
}

/// Draws the line of all steps, as long as this one is the oldest.
fn draw(id: u64, end: &mpsc::Receiver<()>) {
    for frame in SPINNER.iter().cycle() {
        let line = {
            let steps = steps();
            steps.first().is_some_and(|first| first.id == id).then(|| in_one_line(&steps))
        };
        if let Some(line) = line {
            eprint!("\r\x1b[2K{frame} {line}");
            // A closed terminal does not stop the work.
            let _ = std::io::stderr().flush();
        }
        if end.recv_timeout(FRAME) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

fn in_one_line(steps: &[Step]) -> String {
    let each = steps.iter().map(|step| {
        let detail: String = step.detail.chars().take(WIDTH / steps.len()).collect();
        let gap = if detail.is_empty() { "" } else { " · " };
        format!("{}{gap}{detail} ({} s)", step.name, step.started.elapsed().as_secs())
    });
    each.collect::<Vec<_>>().join(" | ")
}

fn log(id: u64, end: &mpsc::Receiver<()>) {
    let told = |more: &dyn Fn(&Step) -> String| {
        if let Some(step) = steps().iter().find(|step| step.id == id) {
            eprintln!("  {}{}", step.name, more(step));
        }
    };
    told(&|_| " …".to_owned());
    while end.recv_timeout(STILL) == Err(RecvTimeoutError::Timeout) {
        told(&|step| format!(": {} ({} s)", step.detail, step.started.elapsed().as_secs()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_tells_of_its_own_step() {
        let details = || steps().iter().map(|step| format!("{}: {}", step.name, step.detail)).collect::<Vec<_>>();
        let both = std::sync::Barrier::new(2);
        let seen = thread::scope(|scope| {
            let work = |name: &'static str| {
                during::<_, ()>(name, || {
                    tell(&format!("detail of {name}"));
                    both.wait();
                    let seen = details();
                    both.wait();
                    Ok(seen)
                })
            };
            let one = scope.spawn(move || work("one"));
            let two = scope.spawn(move || work("two"));
            (one.join().unwrap().unwrap(), two.join().unwrap().unwrap())
        });
        for seen in [seen.0, seen.1] {
            assert!(seen.contains(&"one: detail of one".to_owned()), "{seen:?}");
            assert!(seen.contains(&"two: detail of two".to_owned()), "{seen:?}");
        }
    }
}
