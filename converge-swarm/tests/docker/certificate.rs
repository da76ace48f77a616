//! A node certificate that is not valid now: told apart from a damaged raft log. At a time within its validity, the swarm is
//! whole again and renews it.

use std::fs;
use std::time::{Duration, SystemTime};

use converger_kit::Piece;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::World;
use crate::world::{assert_blocked, until, until_state};

/// An authority of our own for the swarm, and its certificate (PEM).
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name = DistinguishedName::new();
    authority.distinguished_name.push(DnType::CommonName, "swarm-ca");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.not_before = days_from_now(-1000).into();
    authority.not_after = days_from_now(10_000).into();
    let key = KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&key).unwrap().pem();
    (certificate, Issuer::new(authority, key))
}

fn days_from_now(days: i32) -> SystemTime {
    let distance = Duration::from_hours(24) * days.unsigned_abs();
    let now = SystemTime::now();
    if days < 0 { now - distance } else { now + distance }
}

/// Gives the stopped node a certificate with this validity in days from now, for a key with the headers of the old one.
fn certify(world: &World, issuer: &Issuer<'_, KeyPair>, node: &str, cluster: &str, (from, until): (i32, i32)) {
    let names = ["swarm-manager", node, "swarm-ca"].map(str::to_owned);
    let mut leaf = CertificateParams::new(names).unwrap();
    leaf.distinguished_name = DistinguishedName::new();
    leaf.distinguished_name.push(DnType::OrganizationName, cluster);
    leaf.distinguished_name.push(DnType::OrganizationalUnitName, "swarm-manager");
    leaf.distinguished_name.push(DnType::CommonName, node);
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    leaf.not_before = days_from_now(from).into();
    leaf.not_after = days_from_now(until).into();
    let key = KeyPair::generate().unwrap();
    let folder = world.daemon.data().join("swarm/certificates");
    fs::write(folder.join("swarm-node.crt"), leaf.signed_by(&key, issuer).unwrap().pem()).unwrap();
    // The headers hold the key of the raft log.
    let old = fs::read_to_string(folder.join("swarm-node.key")).unwrap();
    let headers: Vec<&str> = old.lines().filter(|line| line.contains(": ")).collect();
    let new = key.serialize_pem();
    let (begin, rest) = new.split_once('\n').unwrap();
    fs::write(folder.join("swarm-node.key"), format!("{begin}\n{}\n\n{rest}", headers.join("\n"))).unwrap();
}

/// The objects of the swarm. Docker makes its own network `bridge` again at every start.
fn objects(world: &World) -> Vec<String> {
    world.daemon.indices().into_keys().filter(|name| !name.starts_with("networks/bridge/")).collect()
}

#[test]
fn a_certificate_that_is_not_valid_now_is_told_and_at_the_right_time_the_swarm_is_whole() {
    let test = "a_certificate_that_is_not_valid_now_is_told_and_at_the_right_time_the_swarm_is_whole";
    let Some(mut world) = World::converged(test) else { return };
    world.sh("printf x | docker secret create secret -");
    let (certificate, issuer) = authority();
    fs::write(world.path("ca.pem"), certificate).unwrap();
    fs::write(world.path("ca.key"), issuer.key().serialize_pem()).unwrap();
    let [certificate, key] = ["ca.pem", "ca.key"].map(|name| world.path(name).display().to_string());
    world.daemon.docker(&["swarm", "ca", "--rotate", "--quiet", "--ca-cert", &certificate, "--ca-key", &key]);
    let swarm = world.daemon.get("/info").unwrap()["Swarm"].clone();
    let id = |id: &serde_json::Value| id.as_str().unwrap().to_owned();
    let (node, cluster) = (id(&swarm["NodeID"]), id(&swarm["Cluster"]["ID"]));
    let before = objects(&world);
    for validity in [(-300, -200), (200, 300)] {
        world.daemon.stop();
        certify(&world, &issuer, &node, &cluster, validity);
        world.daemon.start_again();
        until_state(&world.daemon, "error");
        assert_blocked(&world.run(), "the node's certificate is not valid at this machine's time: ", "`timedatectl`");
    }
    // As after a correction of the clock, shortly before the end.
    world.daemon.stop();
    certify(&world, &issuer, &node, &cluster, (-100, 1));
    let path = world.daemon.data().join("swarm/certificates/swarm-node.crt");
    let read = || fs::read_to_string(&path).unwrap();
    let old = read();
    world.daemon.start_again();
    until_state(&world.daemon, "active");
    world.assert_state();
    world.assert_converged();
    assert_eq!(objects(&world), before);
    until("the certificate is not renewed", || read() != old);
}
