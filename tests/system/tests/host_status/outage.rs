//! systemd executed again, D-Bus gone, the file gone, the program killed.

use std::fs;
use std::time::Duration;

use crate::machine::{DIRECTORY, Machine};

const A_SECOND: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(30);

#[test]
fn an_outage_is_told_and_survived() {
    let Some(machine) = Machine::up("host-status-outage") else { return };
    machine.until("a current file", SOON, |document| document["outdated_since"].is_null() && document["schema"] == 1);
    let pid = machine.pid();

    machine.shell("systemctl daemon-reexec");
    machine.shell("systemctl start works");
    machine.until_unit("works.service", "active", SOON);
    // Not only by the reading after the execution: signals arrive again.
    machine.shell("systemctl stop works");
    machine.until_unit("works.service", "inactive", A_SECOND);

    machine.shell("systemctl restart dbus");
    machine.until("a current file", SOON, |document| document["outdated_since"].is_null());
    machine.shell("systemctl start works");
    machine.until_unit("works.service", "active", SOON);

    machine.shell("systemctl stop dbus.socket dbus.service");
    machine.until("an outdated file", SOON, |document| document["outdated_since"].is_string());
    let since = machine.document()["outdated_since"].clone();
    machine.shell("systemctl stop works");
    assert!(machine.shell("systemctl status host-status").contains("systemd does not answer"));
    assert_eq!(machine.document()["outdated_since"], since, "since the begin of the outage");
    machine.shell("systemctl start dbus.socket dbus.service");
    machine.until("a current file", SOON, |document| document["outdated_since"].is_null());
    assert_eq!(machine.unit("works.service")["active"], "inactive", "what changed meanwhile");
    assert_eq!(machine.pid(), pid, "no restart was needed");

    fs::remove_file(machine.outside(&format!("{DIRECTORY}/host.json"))).unwrap();
    machine.shell("systemctl start works");
    machine.until_unit("works.service", "active", A_SECOND);

    machine.shell("systemctl kill --signal=SIGKILL host-status && systemctl stop works");
    machine.until_unit("works.service", "inactive", SOON);
    assert_ne!(machine.pid(), pid);

    // A directory that is gone cannot be made by this user: systemd does, at the restart.
    machine.shell(&format!("rm -r {DIRECTORY} && systemctl start works"));
    machine.until_unit("works.service", "active", SOON);
    machine.lab.down().unwrap();
}
