//! Name resolution within the lab: all names below its domain resolve to the lab, for programs and containers.

use crate::error::Result;
use crate::furnish::link;
use crate::layout::{self, Places};

/// Unit of the name server.
const UNIT: &str = include_str!("lab-names.service");

/// Puts the name server and its clients' settings into a lab's own layer.
pub(crate) fn furnish(places: &Places) -> Result<()> {
    let at = |path: &str| places.upper().join(path);
    layout::write(&at("etc/systemd/system/lab-names.service"), UNIT.as_bytes(), 0o644)?;
    link(&at("etc/systemd/system/multi-user.target.wants/lab-names.service"), "../lab-names.service")?;
    // Docker passes it on to containers, since the address is not of the loopback.
    layout::write(&at("etc/resolv.conf"), format!("nameserver {}\n", crate::ADDRESS).as_bytes(), 0o644)
}
