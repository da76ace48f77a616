//! Names within the lab: everything below its domain is the lab itself, for its programs and for containers.

use crate::error::Result;
use crate::furnish::link;
use crate::layout::{self, Places};

/// The unit that answers.
const UNIT: &str = include_str!("lab-names.service");

/// Puts the name server and its clients' settings into a lab's own layer.
pub(crate) fn furnish(places: &Places) -> Result<()> {
    let at = |path: &str| places.upper().join(path);
    layout::write(&at("etc/systemd/system/lab-names.service"), UNIT.as_bytes(), 0o644)?;
    link(&at("etc/systemd/system/multi-user.target.wants/lab-names.service"), "../lab-names.service")?;
    // Docker hands it on to containers, as the address is none of the loopback's.
    layout::write(&at("etc/resolv.conf"), format!("nameserver {}\n", crate::ADDRESS).as_bytes(), 0o644)
}
