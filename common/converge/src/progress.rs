//! The live list of changes on a terminal: a spinner and the elapsed time.

use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const FRAMES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME: Duration = Duration::from_millis(100);

/// Shows the progress of a run on a terminal.
#[derive(Debug, Default)]
pub struct Progress {
    drawing: Option<(Sender<Event>, JoinHandle<()>)>,
}

#[derive(Debug)]
enum Event {
    Begin(String),
    End { done: bool, took: Duration },
    Clear,
}

impl Progress {
    /// Shows nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Draws on standard error from its own thread, so that the spinner turns during a call.
    pub fn on_terminal() -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut current: Option<(String, Instant)> = None;
            let mut frame = 0;
            loop {
                match receiver.recv_timeout(FRAME) {
                    Ok(Event::Begin(line)) => current = Some((line, Instant::now())),
                    Ok(Event::End { done, took }) => {
                        if let Some((line, _)) = current.take() {
                            let mark = if done { '✔' } else { '✘' };
                            draw(&format!("{mark} {line}  {:.1} s\n", took.as_secs_f64()));
                        }
                    }
                    Ok(Event::Clear) => {
                        if current.take().is_some() {
                            draw("");
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => frame += 1,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                if let Some((line, began)) = &current {
                    let seconds = began.elapsed().as_secs();
                    draw(&format!("{} {line}  {seconds} s", FRAMES[frame % FRAMES.len()]));
                }
            }
        });
        Self { drawing: Some((sender, thread)) }
    }

    /// Something begins.
    pub fn begin(&self, line: &str) {
        self.send(Event::Begin(line.to_owned()));
    }

    /// The line begun last has ended.
    pub fn end(&self, done: bool, took: Duration) {
        self.send(Event::End { done, took });
    }

    /// Removes the current line and stops drawing.
    pub fn clear(&mut self) {
        self.send(Event::Clear);
        if let Some((sender, thread)) = self.drawing.take() {
            drop(sender);
            drop(thread.join());
        }
    }

    fn send(&self, event: Event) {
        if let Some((sender, _)) = &self.drawing {
            drop(sender.send(event));
        }
    }
}

/// Replaces the current line. A terminal that is gone is no reason to fail.
fn draw(text: &str) {
    let mut stderr = io::stderr().lock();
    drop(write!(stderr, "\r\x1b[2K{text}").and_then(|()| stderr.flush()));
}
