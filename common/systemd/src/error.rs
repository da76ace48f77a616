//! Failures of calls to systemd.

use std::time::Duration;

use base::error::{Class, Explain};

/// A failure of a call to systemd.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system bus refused the connection.
    #[error("systemd cannot be reached over D-Bus")]
    Bus(#[source] zbus::Error),
    /// systemd refused the call.
    #[error("systemd cannot {action} {unit}")]
    Call {
        /// The verb of the call: `start`, `stop`.
        action: &'static str,
        /// The unit, or a pattern of units.
        unit: String,
        /// The cause.
        source: zbus::Error,
    },
    /// systemd did not answer in time.
    #[error("systemd did not {action} {unit} within {} s", deadline.as_secs())]
    Deadline {
        /// The verb of the call: `start`, `stop`.
        action: &'static str,
        /// The unit, or a pattern of units.
        unit: String,
        /// The deadline of the call.
        deadline: Duration,
    },
    /// The units cannot be followed.
    #[error("systemd does not tell of its units over D-Bus")]
    Follow(#[source] zbus::Error),
    /// The connection has ended.
    #[error("the connection to systemd has ended")]
    Disconnected,
    /// The unit was stopped and did not end in time.
    #[error("{unit} does not end")]
    Stuck {
        /// The unit.
        unit: String,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Bus(_) => Class::Blocked,
            Self::Call { .. } | Self::Stuck { .. } => Class::Failed,
            Self::Deadline { .. } | Self::Follow(_) | Self::Disconnected => Class::Transient,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Bus(_) => {
                "only root may start transient services: run it as root, on a machine whose PID 1 is systemd; \
                             `busctl status org.freedesktop.systemd1` tells whether systemd answers"
                    .into()
            }
            Self::Follow(_) | Self::Disconnected => {
                "see `systemctl status dbus.service`; `busctl status org.freedesktop.systemd1` tells whether systemd answers"
                    .into()
            }
            Self::Call { unit, .. } | Self::Deadline { unit, .. } | Self::Stuck { unit } => format!(
                "see `journalctl -u {unit}`; `busctl status org.freedesktop.systemd1` tells whether systemd answers"
            ),
        })
    }
}
