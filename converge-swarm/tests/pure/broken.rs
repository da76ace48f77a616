//! A swarm that does not work: messages of Docker are told apart, and no hint begins with what costs data.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use converge_swarm::observed::Observed;
use converge_swarm::{Desired, plan};
use serde_json::json;

/// The reason and the hint of the one block.
fn block(error: &str) -> (String, String) {
    let desired: Desired = serde_json::from_value(json!({ "advertise_address": "192.0.2.1" })).unwrap();
    let observed: Observed = serde_json::from_value(json!({
        "live_restore": false, "cluster": null, "networks": {},
        "node": { "state": "error", "manager": false, "address": "", "nodes": 0, "managers": [], "error": error },
    }))
    .unwrap();
    let plan = plan::plan(&desired, &observed);
    assert!(plan.sequences.is_empty() && plan.drift.is_empty() && plan.waits.is_empty(), "{plan:?}");
    let [block] = &plan.blocks[..] else { panic!("{plan:?}") };
    (block.reason.clone(), block.hint.clone())
}

const CERTIFICATE: &str = "the node's certificate is not valid at this machine's time";
const ADDRESS: &str = "the swarm does not work, as its address cannot be used";
const DISK: &str = "the swarm does not work, as the disk is full";
const RAFT: &str = "the swarm does not work, and its raft log may be damaged";
const OTHER: &str = "the swarm does not work: ";

/// (Docker's message, the reason, the first command of the hint)
const MESSAGES: &[(&str, &str, &str)] = &[
    (
        "error while loading TLS certificate in /var/lib/docker/swarm/certificates/swarm-node.crt: certificate (1 - \
         k3cinf0uriwzwyq8qo1ccupra) not valid after Thu, 17 Jun 2021 06:13:00 UTC, and it is currently Wed, 07 Jul 2021 \
         01:22:14 UTC: x509: certificate has expired or is not yet valid",
        CERTIFICATE,
        "timedatectl",
    ),
    ("Swarm certificates have expired. To replace them, leave the swarm and join again.", CERTIFICATE, "timedatectl"),
    (
        "manager stopped: can't initialize raft node: irreparable WAL error: walpb: crc mismatch",
        RAFT,
        "systemctl stop docker.service",
    ),
    (
        "manager stopped: can't initialize raft node: irreparable WAL error: wal: max entry size limit exceeded",
        RAFT,
        "systemctl stop docker.service",
    ),
    (
        "manager stopped: can't initialize raft node: failed to create WAL: write \
         /var/lib/docker/swarm/raft/wal-v3-encrypted/0.tmp: no space left on device",
        DISK,
        "systemctl restart docker.service",
    ),
    (
        "manager stopped: failed to listen on remote API address: listen tcp 0.0.0.0:2377: bind: address already in use",
        ADDRESS,
        "ip address",
    ),
    (
        "could not find local IP address: dial udp 10.1.4.105:2377: connect: network is unreachable",
        ADDRESS,
        "ip address",
    ),
    (
        "rpc error: code = Unavailable desc = grpc: the connection is unavailable",
        OTHER,
        "systemctl restart docker.service",
    ),
];

#[test]
fn messages_of_docker_are_told_apart() {
    for (message, expected, first) in MESSAGES {
        let (reason, hint) = block(message);
        assert!(reason.starts_with(expected) && reason.ends_with(message), "{reason}");
        assert_eq!(hint.split('`').nth(1), Some(*first), "{hint}");
    }
}

#[test]
fn a_hint_names_what_leaving_costs_after_all_that_is_gentler() {
    for (message, ..) in MESSAGES {
        let (_, hint) = block(message);
        let Some((before, after)) = hint.split_once("docker swarm leave") else { continue };
        assert!(before.contains("backup"), "{hint}");
        assert!(after.contains("all services, secrets, configs and networks are lost"), "{hint}");
    }
}
