//! Rotation of certificates, and invalid certificates.

use lab::Validity;
use system::{report, status};

use crate::{machine_with_hello, restart, sh};

const UNIT: &str = "converge-traefik.service";

/// The serial number of the certificate that Traefik serves.
fn served(lab: &lab::Lab) -> String {
    let text = lab.https_port().unwrap().to_string();
    let output = std::process::Command::new("sh")
        .args(["-c", "openssl s_client -connect 127.0.0.1:$0 -servername any.ci.localhost </dev/null 2>/dev/null | openssl x509 -noout -serial"])
        .arg(text)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_changed_certificate_rolls_and_an_unusable_one_changes_nothing() {
    let Some((lab, hello, web)) = machine_with_hello("system-certificate") else { return };
    let authority = lab.authority().unwrap();
    let first = served(&lab);
    assert!(first.starts_with("serial="), "{first}");

    // Changed: both secrets are replaced in one deploy, and the old ones are removed.
    lab.set_certificate(&authority.wildcard(lab.domain()).unwrap()).unwrap();
    assert!(restart(&lab, UNIT), "{}", status(&lab, "traefik").unwrap());
    let second = served(&lab);
    assert_ne!(second, first);
    hello.page(&web).unwrap();
    let secrets = sh(&lab, "docker secret ls --format '{{.Name}}' | grep ssl_ | sort");
    assert_eq!(secrets, "traefik_ci_localhost_ssl_cert_v2\ntraefik_ci_localhost_ssl_key_v2");

    // Expired: blocked, and the running pair stays.
    let expired = {
        let names = [lab.domain(), &format!("*.{}", lab.domain())];
        authority.issue(&names, Validity { from: -30, until: -1 }).unwrap()
    };
    lab.set_certificate(&expired).unwrap();
    assert!(!restart(&lab, UNIT));
    let report = report(&lab, "traefik").unwrap();
    assert_eq!(report.outcome(), "blocked", "{:#}", report.0);
    assert!(report.0["blocked"].to_string().contains("expired on"), "{:#}", report.0);
    assert_eq!(served(&lab), second);

    // Even then, a deleted Traefik is repaired with the pair that was in use.
    sh(&lab, &format!("docker service rm {}", system::TRAEFIK));
    assert!(!restart(&lab, UNIT), "still blocked");
    hello.page(&web).unwrap();
    assert_eq!(served(&lab), second);

    // Missing: blocked, and the report names the credential.
    sh(&lab, "rm /run/secrets/privkey");
    assert!(!restart(&lab, UNIT));
    let report = system::report(&lab, "traefik").unwrap();
    assert_eq!(report.outcome(), "blocked", "{:#}", report.0);
    assert!(report.text().contains("privkey"), "{:#}", report.0);
    assert!(sh(&lab, &format!("journalctl --unit={UNIT} --no-pager")).contains("credential `privkey`"));
    assert_eq!(served(&lab), second);

    // A valid certificate again: it converges.
    lab.set_certificate(&authority.wildcard(lab.domain()).unwrap()).unwrap();
    assert!(restart(&lab, UNIT), "{}", status(&lab, "traefik").unwrap());
    assert_ne!(served(&lab), second);
    lab.down().unwrap();
}
