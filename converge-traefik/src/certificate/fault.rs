//! The faults for which clients refuse one certificate of a chain.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A fault of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Not valid yet.
    NotYetValid {
        /// The start of its validity.
        from: Timestamp,
    },
    /// Expired.
    Expired {
        /// The end of its validity.
        until: Timestamp,
    },
    /// The certificate has issued others, and may not.
    NoAuthority,
    /// More certificates are below it than it allows.
    PathTooLong,
    /// The extended key usage does not name servers.
    NotForServers,
    /// The signature uses SHA-1 or MD5.
    WeakSignature,
    /// The name constraints exclude a name of the leaf.
    NameConstraint {
        /// The name.
        name: String,
    },
    /// A critical extension is unknown or damaged.
    CriticalExtension,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYetValid { from } => write!(f, "is not valid before {}", day(*from)),
            Self::Expired { until } => write!(f, "expired on {}", day(*until)),
            Self::NoAuthority => f.write_str("may not issue certificates, and has issued the one below it"),
            Self::PathTooLong => f.write_str("allows fewer certificates below it"),
            Self::NotForServers => f.write_str("is not for servers: its extended key usage does not name serverAuth"),
            Self::WeakSignature => f.write_str("is signed with SHA-1 or MD5, which clients refuse"),
            Self::NameConstraint { name } => write!(f, "may not issue for {name}: its name constraints exclude it"),
            Self::CriticalExtension => f.write_str("has a critical extension that clients do not know"),
        }
    }
}

impl Fault {
    /// The remedy.
    pub fn hint(&self, is_leaf: bool) -> &'static str {
        match self {
            Self::NotYetValid { .. } => "check this machine's clock, or wait until then",
            Self::Expired { .. } if is_leaf => {
                "renew it, replace both credentials, `systemctl restart converge-traefik.service`"
            }
            Self::Expired { .. } => "get the authority's present intermediate, and put it in the place of this one",
            Self::NotForServers if is_leaf => "issue it with the extended key usage serverAuth",
            _ if is_leaf => "issue it anew",
            _ => "ask the authority for the chain that belongs to the certificate",
        }
    }
}

fn day(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}
