//! Drone behind its proxy: a certificate for its name, and the address of its container.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use converger_kit::http_proxy::Upstream;
use dockerd::Daemon;
use lab::{Authority, Validity};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::world::{DOMAIN, SERVICE};

/// A certificate for Drone's name. `authority` is the file that its authority is written to.
pub fn certificate(authority: &Path) -> ServerConfig {
    drop(rustls::crypto::ring::default_provider().install_default());
    let issuer = Authority::new().unwrap();
    fs::write(authority, issuer.certificate()).unwrap();
    let pair = issuer.issue(&[DOMAIN], Validity::default()).unwrap();
    let leaf = CertificateDer::from_pem_slice(pair.fullchain.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pair.privkey.as_bytes()).unwrap();
    ServerConfig::builder().with_no_client_auth().with_single_cert(vec![leaf], key).unwrap()
}

/// The address of Drone's container on the bridge out of the overlay network.
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
        let addresses = docker(&["network", "inspect", "docker_gwbridge", "--format", format])?;
        let address = addresses.lines().find_map(|line| line.strip_prefix(&id))?.trim().split('/').next()?.to_owned();
        Some(SocketAddr::new(address.parse().ok()?, 80))
    })
}
