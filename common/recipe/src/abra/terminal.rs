//! A pseudo-terminal for a program that fails without one.
//!
//! The terminal is standard input, output and error, but not the controlling terminal: abra needs no more, and that would
//! need unsafe code between fork and exec.

use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::termios::{LocalFlags, OutputFlags, SetArg, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, Command};

/// Wide enough that tables are not broken.
const SIZE: Winsize = Winsize { ws_row: 50, ws_col: 240, ws_xpixel: 0, ws_ypixel: 0 };
/// More output than this is cut at its beginning: only the last lines are ever shown.
const LONGEST: usize = 1024 * 1024;

/// Both ends of a pseudo-terminal.
#[derive(Debug)]
pub(super) struct Terminal {
    ours: AsyncFd<OwnedFd>,
    theirs: Option<OwnedFd>,
}

impl Terminal {
    pub(super) fn open() -> io::Result<Self> {
        let OpenptyResult { master, slave } = openpty(Some(&SIZE), None)?;
        // No other program we start may keep an end open.
        for end in [&master, &slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        }
        let mut settings = tcgetattr(&slave)?;
        settings.local_flags.remove(LocalFlags::ECHO);
        settings.output_flags.remove(OutputFlags::ONLCR);
        tcsetattr(&slave, SetArg::TCSANOW, &settings)?;
        let flags = OFlag::from_bits_retain(fcntl(&master, FcntlArg::F_GETFL)?);
        fcntl(&master, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        // The other constructor is unsafe, for inner values that give up their descriptor early; an `OwnedFd` never does.
        #[allow(deprecated, reason = "sound for an `OwnedFd`")]
        let ours = AsyncFd::new(master)?;
        Ok(Self { ours, theirs: Some(slave) })
    }

    /// Makes the terminal the input and output of `command`.
    pub(super) fn attach(&self, command: &mut Command) -> io::Result<()> {
        let theirs = self.theirs.as_ref().ok_or_else(|| io::Error::other("the terminal is already in use"))?;
        command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs.try_clone()?);
        Ok(())
    }

    /// Collects the output until `child` has ended.
    pub(super) async fn read_until_end(mut self, child: &mut Child, output: &mut Vec<u8>) -> io::Result<ExitStatus> {
        self.theirs = None;
        let mut open = true;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                read = self.ours.readable(), if open => {
                    let mut ready = read?;
                    match read_some(&self.ours, output) {
                        Ok(0) | Err(Errno::EIO) => open = false,
                        Ok(_) | Err(Errno::EINTR) => {}
                        Err(Errno::EAGAIN) => ready.clear_ready(),
                        Err(errno) => return Err(errno.into()),
                    }
                }
            }
        };
        // What it said last may still be on its way; what its children may say later does not count.
        while read_some(&self.ours, output).is_ok_and(|length| length > 0) {}
        Ok(status)
    }
}

fn read_some(from: &AsyncFd<OwnedFd>, output: &mut Vec<u8>) -> Result<usize, Errno> {
    let mut buffer = [0; 4096];
    let length = nix::unistd::read(from.get_ref(), &mut buffer)?;
    output.extend_from_slice(&buffer[..length]);
    if output.len() > LONGEST {
        output.drain(..LONGEST / 2);
    }
    Ok(length)
}
