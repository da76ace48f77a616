//! Killed while it writes as fast as it can.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

const KILLS: usize = 50;
const CHILD: &str = "LEDGER_TO_WRITE_UNTIL_KILLED";

/// Killed also when the test fails.
struct Writer(Child);

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn killed_at_any_instant_it_has_every_write_it_answered() {
    if let Some(path) = std::env::var_os(CHILD) {
        let ledger = Ledger::open(path.as_ref(), PATIENCE).unwrap();
        for n in written(&ledger).. {
            write(&ledger, n).unwrap();
            println!("\nwrote {n}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let mut answered = 0;
    for round in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "ledger::tests::crash::killed_at_any_instant_it_has_every_write_it_answered"]);
        child.args(["--nocapture", "--test-threads=1"]).env(CHILD, &path).stdout(Stdio::piped());
        let mut writer = Writer(child.spawn().unwrap());
        let mut lines = BufReader::new(writer.0.stdout.take().unwrap()).lines();
        let mut answer = || lines.by_ref().find_map(|line| line.unwrap().strip_prefix("wrote ")?.parse::<i64>().ok());
        for _ in 0..fastrand::usize(1..40) {
            answered = answer().expect("it writes until it is killed");
        }
        drop(writer);
        // Answers from before the kill that were not read yet.
        while let Some(later) = answer() {
            answered = later;
        }
        let held = written(&Ledger::open(&path, PATIENCE).unwrap());
        assert!([answered + 1, answered + 2].contains(&held), "kill {round}: {answered} answered, {held} held");
    }
    println!("{KILLS} kills, {answered} writes answered, 0 lost");
}
