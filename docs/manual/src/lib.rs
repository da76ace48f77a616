//! Man pages and shell completions of all programs, generated from their flags. Build tooling: it is not installed itself.
//!
//! A new program is one line in [`programs`].

mod page;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests;

use std::path::Path;
use std::{fs, io};

use clap::Command;
use clap_complete::{Shell, generate_to};

use page::Page;

/// Section of the pages: programs of the system's administrator.
pub const SECTION: &str = "8";

/// Returns the command line of every program that is installed.
pub fn programs() -> Vec<Command> {
    pages().into_iter().map(|page| page.command).collect()
}

fn pages() -> Vec<Page> {
    let ledger = format!("{}/{}", comment_bridge::container::LEDGER, comment_bridge::container::LEDGER_FILE);
    vec![
        Page::converger::<converge_swarm::Swarm>(),
        Page::converger::<converge_traefik::Traefik>(),
        Page::converger::<converge_drone::ConvergeDrone>(),
        Page::converger::<converge_bridge::ConvergeBridge>(),
        Page::converger::<converge_dashboard::ConvergeDashboard>(),
        Page::server(drone_runner::program::command(), drone_runner::settings::PATH, "converge-drone"),
        Page::server(comment_bridge::program::command(), &ledger, "converge-bridge"),
        Page::server(dashboard::program::command(), dashboard::container::RUNS, "converge-dashboard"),
        Page::server(host_status::program::command(), host_status::settings::PATH, "converge-dashboard"),
    ]
}

/// Writes `man/<program>.8`, and the completions of bash, zsh and fish to `completions/`, below this directory.
pub fn write(directory: &Path) -> io::Result<()> {
    let (man, completions) = (directory.join("man"), directory.join("completions"));
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;
    for page in pages() {
        let name = page.command.get_name().to_owned();
        fs::write(man.join(format!("{name}.{SECTION}")), page.render()?)?;
        let mut command = page.command;
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            generate_to(shell, &mut command, &name, &completions)?;
        }
    }
    Ok(())
}
