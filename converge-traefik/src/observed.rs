//! Observes Traefik. Reads only.

pub mod acme;
pub mod probe;
mod routed;
mod router;

use std::collections::BTreeMap;

use base::error::Explained;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use acme::AcmeRouter;
pub use probe::Probe;

use crate::certificate::Certificate;
use crate::error::Error;
use crate::{CERTIFICATE, KEY, Traefik};

/// Everything a plan is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The time of the observation.
    pub now: Timestamp,
    /// The certificate in the credentials.
    pub certificate: CertificateSeen,
    /// The app.
    pub app: recipe::Observed,
    /// Routers that name an ACME resolver.
    pub acme: Vec<AcmeRouter>,
    /// The probe of Traefik; `None` while no task runs.
    pub probe: Option<Probe>,
}

/// The certificate in the credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateSeen {
    /// Traefik can serve it.
    Usable {
        /// The fingerprint.
        leaf: String,
        /// The earliest end of validity in its chain.
        until: Timestamp,
        /// The parts that an operator should look at.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<CertificateWarning>,
    },
    /// Not usable.
    Unusable {
        /// The cause.
        reason: String,
        /// The remedy.
        hint: String,
    },
}

/// A part of the certificate's files that works, and that an operator should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateWarning {
    /// The state.
    pub message: String,
    /// The remedy.
    pub hint: String,
}

/// Reads everything.
pub async fn observe(on: &Traefik) -> Result<Observed, Error> {
    let desired = &on.desired;
    let now = on.clock.now();
    let certificate = on.certificate(now);
    let usable = certificate.as_ref().ok();
    let contents = BTreeMap::from([
        (CERTIFICATE, usable.map(|certificate| certificate.fullchain.clone())),
        (KEY, usable.map(|certificate| certificate.privkey.clone())),
    ]);
    let (app, routed) = tokio::join!(
        on.app.observe(&desired.recipe.version, &desired.compose_files, &contents),
        routed::observe(on.app.docker())
    );
    let mut app = app?;
    // Without a Swarm there are no services to ask for.
    let routed = if app.no_swarm.is_some() { Vec::new() } else { routed? };
    app.odd_entries = on.app.docker().odd_entries();
    let runs = app.stack.services.iter().any(|service| service.tasks.running > 0);
    let probe = if runs {
        let routers = router::candidates(&routed, &desired.domain, |service| on.app.names.is_ours(service));
        Some(probe::ask(desired.probe.address, &desired.domain, &routers).await)
    } else {
        None
    };
    Ok(Observed { now, certificate: seen(&certificate), app, acme: acme::routers(&routed), probe })
}

fn seen(certificate: &Result<Certificate, Explained>) -> CertificateSeen {
    match certificate {
        Ok(certificate) => {
            let warnings = certificate.warnings.iter();
            let warnings = warnings
                .map(|one| CertificateWarning { message: one.message(), hint: one.hint().to_owned() })
                .collect();
            CertificateSeen::Usable { leaf: certificate.fingerprint(), until: certificate.valid_until, warnings }
        }
        Err(error) => {
            CertificateSeen::Unusable { reason: error.reason(), hint: error.hint.clone().unwrap_or_default() }
        }
    }
}
