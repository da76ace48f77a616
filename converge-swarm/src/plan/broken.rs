//! A swarm that does not work: the kind of the failure, from Docker's message.

use base::plan::Plan;

use super::{advertise, because};
use crate::change::Change;
use crate::desired::Desired;

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The node's certificate is not valid at this machine's time.
    Certificate,
    /// The machine lacks the address, or another program has the port.
    Address,
    /// The disk is full.
    Disk,
    /// The raft log is damaged.
    Raft,
    /// None of these.
    Other,
}

/// Parts of Docker's messages. The first that occurs decides.
const PARTS: &[(&str, Kind)] = &[
    ("x509:", Kind::Certificate),
    ("TLS certificate", Kind::Certificate),
    ("certificates have expired", Kind::Certificate),
    ("no space left on device", Kind::Disk),
    ("address already in use", Kind::Address),
    ("cannot assign requested address", Kind::Address),
    ("could not find local IP address", Kind::Address),
    ("network is unreachable", Kind::Address),
    ("WAL", Kind::Raft),
    ("snapshot", Kind::Raft),
    ("raft", Kind::Raft),
];

fn kind(error: &str) -> Kind {
    PARTS.iter().find(|(part, _)| error.contains(part)).map_or(Kind::Other, |(_, kind)| *kind)
}

/// Blocks, with the gentlest remedy first.
pub fn block(desired: &Desired, error: &str, plan: &mut Plan<Change>) {
    let advertise = advertise(desired.advertise_address);
    let (reason, hint) = match kind(error) {
        Kind::Certificate => (
            "the node's certificate is not valid at this machine's time",
            "check the clock first (`timedatectl`): once it is right, `systemctl restart docker.service` brings the swarm back \
             whole; if the certificate expired while the machine was off, `timedatectl set-ntp false`, `timedatectl set-time` to \
             an hour before its end and `systemctl restart docker.service` start the swarm, `docker swarm update --cert-expiry \
             8760h` and `docker swarm ca --rotate` renew the certificate for a year, then `timedatectl set-ntp true`"
                .to_owned(),
        ),
        Kind::Address => (
            "the swarm does not work, as its address cannot be used",
            format!(
                "check that this machine has its address (`ip address`) and that no other program has the ports 2377, 7946 \
                 and 4789 (`ss -lntup`), then `systemctl restart docker.service`; an address that is gone for good can be put \
                 on `lo` (`ip address add`) until `{advertise}` has changed it, which keeps services, secrets and networks"
            ),
        ),
        Kind::Disk => (
            "the swarm does not work, as the disk is full",
            "free space on the file system of /var/lib/docker, then `systemctl restart docker.service`".to_owned(),
        ),
        Kind::Raft => (
            "the swarm does not work, and its raft log may be damaged",
            "`systemctl stop docker.service`, keep a copy of /var/lib/docker/swarm, put back a backup of it if there is one, \
             and start docker.service; without a backup, `docker swarm leave --force` and `systemctl restart \
             converge.target` make a new swarm: all services, secrets, configs and networks are lost, and apps must be \
             deployed again; volumes stay"
                .to_owned(),
        ),
        Kind::Other => (
            "the swarm does not work",
            "the journal of docker.service has the cause; once it is mended, `systemctl restart docker.service`".to_owned(),
        ),
    };
    plan.block("swarm", format!("{reason}{}", because(error)), hint);
}
