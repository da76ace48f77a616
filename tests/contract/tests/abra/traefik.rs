//! The lab's Traefik recipe has the versions in its table.

use std::process::Command;

use dockerd::ADDRESS;

use crate::bench::text;
use crate::swarm::Swarm;

const DOMAIN: &str = "traefik.ci.localhost";
const APP: &str = "traefik_ci_localhost_app";

/// A Traefik app with a self-made wildcard certificate.
fn start(test: &str) -> Option<Swarm> {
    let swarm = Swarm::start(test, &["traefik", "hello"], &["traefik:v3.6.15", "traefik:v3.7.15", "hello:1.0.0"])?;
    swarm.bench.run(&["app", "new", "traefik", "3.8.0+v3.6.15", "-n", "-o", "-s", "default", "-D", DOMAIN]).ok();
    let env = swarm.bench.env(DOMAIN).replace("LETS_ENCRYPT_ENV=production", "LETS_ENCRYPT_ENV=");
    let wildcard = [
        "WILDCARDS_ENABLED=1",
        "SECRET_WILDCARD_CERT_VERSION=v1",
        "SECRET_WILDCARD_KEY_VERSION=v1",
        "COMPOSE_FILE=\"$COMPOSE_FILE:compose.wildcard.yml\"",
    ];
    swarm.bench.write_env(DOMAIN, &format!("{env}{}\n", wildcard.join("\n")));
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-c"]).fatal("secret not generated: ssl_cert");
    let folder = swarm.bench.directory();
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
    openssl.args(["-subj", "/CN=lab", "-addext", "subjectAltName=DNS:ci.localhost,DNS:*.ci.localhost"]);
    let made = openssl.arg("-out").arg(&cert).arg("-keyout").arg(&key).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for (secret, file) in [("ssl_cert", &cert), ("ssl_key", &key)] {
        swarm.abra(&["app", "secret", "insert", DOMAIN, secret, "v1", &text(file), "-f", "-n", "-o"]).ok();
    }
    Some(swarm)
}

impl Swarm {
    /// Result of curl: the status of a verified answer, or the error.
    fn curl(&self, url: &str, host: &str) -> String {
        let mut curl = self.daemon.command("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            "--max-time",
            "5",
        ]);
        curl.arg("--cacert").arg(self.bench.directory().join("cert.pem"));
        curl.args(["--resolve", &format!("{host}:443:{ADDRESS}"), "--resolve", &format!("{host}:80:{ADDRESS}"), url]);
        let output = curl.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { text(&output.stdout) } else { text(&output.stderr) }
    }
}

#[test]
fn every_healthy_version_serves_the_wildcard_certificate() {
    let Some(swarm) = start("every_healthy_version_serves_the_wildcard_certificate") else { return };
    swarm.new_hello("hello.ci.localhost");
    let env = swarm.bench.env("hello.ci.localhost").replace("ENV=production", "ENV=");
    swarm.bench.write_env("hello.ci.localhost", &env);
    swarm.abra(&["app", "deploy", "hello.ci.localhost", "-n", "-o", "-c"]).ok();
    for version in ["3.8.0+v3.6.15", "3.9.0+v3.7.15", "3.9.2+v3.7.15", "3.10.0+v3.7.15", "4.0.0+v3.7.15"] {
        swarm.abra(&["app", "deploy", DOMAIN, version, "-n", "-o", "-f"]).ok();
        let image = version.split_once('+').unwrap().1;
        let running = swarm.service(APP)["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"].to_string();
        assert!(running.contains(&format!("traefik:{image}")), "{running}");
        swarm.wait(&format!("{version} serves the app"), |swarm| {
            swarm.curl("https://hello.ci.localhost/", "hello.ci.localhost") == "200"
        });
        assert_eq!(swarm.curl(&format!("https://{DOMAIN}/api/version"), DOMAIN), "200", "{version}: its own router");
        assert_eq!(swarm.curl("http://nobody.ci.localhost/", "nobody.ci.localhost"), "301", "{version}");
        assert_eq!(swarm.curl("https://nobody.ci.localhost/", "nobody.ci.localhost"), "404", "{version}");
        let refused = swarm.curl("https://elsewhere.example.org/", "elsewhere.example.org");
        assert!(refused.contains("unrecognized name"), "{version}: sniStrict refuses other names: {refused}");
    }
}

#[test]
fn the_broken_version_never_gets_healthy() {
    let Some(swarm) = start("the_broken_version_never_gets_healthy") else { return };
    swarm.abra(&["app", "deploy", DOMAIN, "3.8.0+v3.6.15", "-n", "-o"]).ok();
    let ran = swarm.abra(&["app", "deploy", DOMAIN, "3.9.1+v3.7.15", "-n", "-o", "-f"]);
    assert_eq!(ran.code, Some(1), "{}", ran.all);
    assert!(swarm.bench.env(DOMAIN).starts_with("TYPE=traefik:3.8.0+v3.6.15\n"));
    let log = swarm.daemon.command("docker").args(["service", "logs", "--raw", APP]).output().unwrap();
    let log = String::from_utf8_lossy(&[log.stdout, log.stderr].concat()).into_owned();
    assert!(log.contains("drainTimeout"), "Traefik names what it does not know: {log}");
    swarm.wait("Swarm takes it back", |swarm| swarm.service(APP)["UpdateStatus"]["State"] == "rollback_completed");
    swarm.wait("the version before serves", |swarm| {
        swarm.curl("https://nobody.ci.localhost/", "nobody.ci.localhost") == "404"
    });
    let running = swarm.service(APP)["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"].to_string();
    assert!(running.contains("traefik:v3.6.15"), "{running}");
}
