//! Links within the lab: all names below its domain resolve to the lab, for programs and containers, and the port of this
//! machine's links is that of HTTPS.

use crate::error::Result;
use crate::furnish::link;
use crate::layout::{self, Places};

/// Unit of the name server.
const UNIT: &str = include_str!("lab-names.service");

/// Unit that carries connections to the port of the links.
const PORT_UNIT: &str = include_str!("lab-port.service");

/// Puts the name server, its clients' settings and the port of the links into a lab's own layer.
pub(crate) fn furnish(places: &Places, port: Option<u16>) -> Result<()> {
    let at = |path: &str| places.upper().join(path);
    layout::write(&at("etc/systemd/system/lab-names.service"), UNIT.as_bytes(), 0o644)?;
    link(&at("etc/systemd/system/multi-user.target.wants/lab-names.service"), "../lab-names.service")?;
    if let Some(port) = port {
        let socket = format!("[Unit]\nDescription=Port {port} of links\n\n[Socket]\nListenStream=0.0.0.0:{port}\n");
        layout::write(&at("etc/systemd/system/lab-port.socket"), socket.as_bytes(), 0o644)?;
        layout::write(&at("etc/systemd/system/lab-port.service"), PORT_UNIT.as_bytes(), 0o644)?;
        link(&at("etc/systemd/system/sockets.target.wants/lab-port.socket"), "../lab-port.socket")?;
    }
    // Docker passes it on to containers, since the address is not of the loopback.
    layout::write(&at("etc/resolv.conf"), format!("nameserver {}\n", crate::ADDRESS).as_bytes(), 0o644)
}
