//! The demo: a bare machine converges, stays unchanged, repairs damage, and tests a recipe on request.
//!
//! Exit code 0 only if all of it happened.

mod comment;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Instant;

use lab::{Configuration, Lab, UpOptions};
use nix::sys::signal::{SigSet, Signal};
use system::{Error, Hello, PIECES, Result, TRAEFIK, Web, report, status, swarm_indices};

fn main() -> ExitCode {
    match tell() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {}", in_full(&error));
            eprintln!(
                "hint: `target/debug/lab up` boots the same machine to look into, `lab exec` runs a command in it"
            );
            ExitCode::FAILURE
        }
    }
}

/// All steps, from boot to the URLs.
fn tell() -> Result<()> {
    println!(
        "A disposable machine boots bare: systemd, Docker, a Gitea; no Swarm, no Traefik, no Drone, no bridge, no dashboard.\n"
    );
    let options = UpOptions { for_browsers: true, replace: true, tell: lab::tell, ..UpOptions::named("demo") };
    let machine = lab::during("booting, and converging for the first time", || Lab::up(&options))?;
    say_status(&machine)?;
    expect_outcome(&machine, "changed")?;
    let web = Web::new(&machine)?;

    println!("\nAn operator deploys an app with abra; the wildcard certificate serves it.");
    let hello = lab::during("deploying hello", || Hello::deploy(&machine, "hello"))?;
    let page = hello.page(&web)?;
    let address = machine.address("hello")?;
    println!("  {address} answers {}, its certificate verified", page.status);
    let plain = web.open_plain("hello")?;
    println!("  http redirects to {}", plain.location.as_deref().unwrap_or("nowhere"));
    if !(300..400).contains(&plain.status) {
        return Err(Error::NotSo(format!("plain HTTP answers {}, not with a redirect", plain.status)));
    }

    println!("\nA second switch, with nothing changed.");
    let before = swarm_indices(&machine)?;
    let configuration = Configuration::of_the_lab()?;
    lab::during("switching", || machine.switch(&configuration)?.ok())?;
    say_status(&machine)?;
    expect_outcome(&machine, "unchanged")?;
    if swarm_indices(&machine)? != before {
        return Err(Error::NotSo("the second switch changed something in the Swarm".into()));
    }
    println!("  nothing in the Swarm moved: {} objects at the same version", before.len());

    println!("\nAn administrator deletes Traefik by hand.");
    machine.exec(&["docker", "service", "rm", TRAEFIK])?.text()?;
    println!("  $ docker service rm {TRAEFIK}");
    let began = Instant::now();
    lab::during("systemctl restart converge-traefik", || {
        machine.exec(&["systemctl", "restart", "converge-traefik.service"])?.done().map(drop)
    })?;
    println!("  traefik: {}", status(&machine, "traefik")?);
    let page = hello.page(&web)?;
    println!("  {address} answers {} again, {:.0} s later", page.status, began.elapsed().as_secs_f64());

    let tested = comment::show(&machine, &web)?;

    println!("\nIt all happened. Open in a browser on this machine:");
    for address in [&machine.address(lab::DASHBOARD)?].into_iter().chain(&tested).chain([&address]) {
        println!("  {address}");
    }
    println!("  The browser warns, as the certificate is signed by the lab's own authority:");
    println!("  {}", machine.ca_file().display());
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        println!("\n`target/debug/lab exec --name demo` opens a shell in the machine. Ctrl-C ends it.");
        wait_for_ctrl_c();
    }
    lab::during("removing the machine", || machine.down())?;
    Ok(())
}

fn say_status(machine: &Lab) -> Result<()> {
    for piece in PIECES {
        println!("  {:<11}{}", format!("{piece}:"), status(machine, piece)?);
    }
    Ok(())
}

fn expect_outcome(machine: &Lab, outcome: &str) -> Result<()> {
    for piece in PIECES {
        let report = report(machine, piece)?;
        if report.outcome() != outcome {
            let text = format!("{:#}", report.0);
            return Err(Error::NotSo(format!(
                "converge-{piece} ended `{}`, not `{outcome}`:\n{text}",
                report.outcome()
            )));
        }
    }
    Ok(())
}

/// Sleeps until Ctrl-C, without ending this process: the machine must still be removed.
fn wait_for_ctrl_c() {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    if signals.thread_block().is_ok() {
        let _ = signals.wait();
    }
}

fn in_full(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
