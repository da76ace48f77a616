//! Makes the common parts of all labs, once: packages, a root file system, Traefik's binary, images, Gitea. Each part is made
//! beside its final path and moved there when complete, so an interrupted setup can be repeated. Gitea is built while the
//! others are made.

mod content;
mod gitea;
mod images;
mod packages;
mod root_file_system;
mod traefik;

pub(crate) use images::with_busybox;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use crate::command;
use crate::error::{Error, Result};
use crate::{layout, lock, progress};

/// One part to make.
struct Part {
    /// Description, with the size if it is large.
    what: String,
    /// Title of the step.
    step: String,
    make: Box<dyn Fn() -> Result<()> + Send>,
}

/// Makes the missing parts; prints a list of them first.
pub fn setup() -> Result<()> {
    let cache = layout::cache();
    layout::make(&cache)?;
    layout::give_to_caller(&layout::base())?;
    let _lock = lock::take(&cache.join(".lock"), "the set-up", || eprintln!("  waiting for another set-up …"))?;

    let server = gitea::missing();
    let content = content::missing(server.is_some())?;
    let (root, images) = (root_file_system::missing()?, images::missing()?);
    let machine = [packages::missing(), root, traefik::missing(), images].into_iter().flatten().collect();
    let groups: [Vec<Part>; 3] = [machine, server.into_iter().collect(), content.into_iter().collect()];
    if groups.iter().all(Vec::is_empty) {
        eprintln!("✓ the lab's set-up is complete ({})", cache.display());
        return Ok(());
    }
    eprintln!("The lab needs, below {} unless said otherwise:", cache.display());
    for part in groups.iter().flatten() {
        eprintln!("  - {}", part.what);
    }
    let [machine, server, content] = groups;
    side_by_side([machine, server])?;
    make(content)
}

/// Makes the groups at the same time. The first error ends all of them, with this process.
fn side_by_side<const N: usize>(groups: [Vec<Part>; N]) -> Result<()> {
    let (done, each) = mpsc::channel();
    for group in groups {
        let done = done.clone();
        // After an error of another group there is no receiver.
        thread::spawn(move || done.send(make(group)));
    }
    drop(done);
    each.iter().collect()
}

/// Makes the parts of a group one after the other.
fn make(group: Vec<Part>) -> Result<()> {
    group.into_iter().try_for_each(|part| progress::during(&part.step, part.make))
}

/// A command that ends with this process in any case, together with its mounts and processes.
fn contained(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    command.args(["--propagation", "private", "--", program]);
    command
}

/// Runs a command and shows the last line of its output as progress.
fn run_telling(command: &mut Command) -> Result<()> {
    let words = command::words(command);
    let start = |source| Error::Start { program: words.clone(), source };
    let (reader, writer) = std::io::pipe().map_err(start)?;
    command.stdin(Stdio::null()).stdout(writer.try_clone().map_err(start)?).stderr(writer);
    let mut child = command.spawn().map_err(start)?;
    // The command holds copies of the pipe's write end; the read end closes when the program's copies do.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut said = String::new();
    for line in BufReader::new(reader).lines().map_while(std::result::Result::ok) {
        progress::tell(line.trim());
        said.push_str(&line);
        said.push('\n');
    }
    let status = child.wait().map_err(start)?;
    let code = command::code(status);
    command::Output { command: words, code, stdout: said, stderr: String::new() }.done().map(drop)
}
