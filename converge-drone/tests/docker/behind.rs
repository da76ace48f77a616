//! What is behind Drone's front: a certificate for its name, and its container.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use dockerd::Daemon;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

use crate::front::Upstream;
use crate::world::{DOMAIN, SERVICE};

/// A certificate for Drone's name, by an authority of its own that the run is told to trust.
pub fn certificate(folder: &Path) -> ServerConfig {
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name.push(rcgen::DnType::CommonName, "an authority of tests");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    fs::write(folder.join("authority.pem"), authority.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![DOMAIN.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    ServerConfig::builder().with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key).unwrap()
}

/// Drone's container, by its address on the bridge that leads out of the overlay network.
pub fn container(daemon: &Daemon) -> Upstream {
    let host = format!("unix://{}", daemon.socket().display());
    let docker = move |arguments: &[&str]| {
        let output = Command::new("docker").arg("--host").arg(&host).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    Box::new(move || {
        let label = format!("label=com.docker.swarm.service.name={SERVICE}");
        let id = docker(&["ps", "--quiet", "--no-trunc", "--filter", &label])?;
        let id = id.lines().next()?.to_owned();
        let format = "{{range $id, $it := .Containers}}{{$id}} {{$it.IPv4Address}}\n{{end}}";
        let there = docker(&["network", "inspect", "docker_gwbridge", "--format", format])?;
        let address = there.lines().find_map(|line| line.strip_prefix(&id))?.trim().split('/').next()?.to_owned();
        Some(SocketAddr::new(address.parse().ok()?, 80))
    })
}
