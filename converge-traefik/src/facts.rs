//! The facts: those of the app, and the expiry of the certificate.

use base::fact::Fact;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::RECIPE;
use crate::desired::Desired;
use crate::observed::{CertificateSeen, Observed};

/// The facts of what was observed.
pub fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
    let mut facts = recipe::facts(RECIPE, &desired.recipe, &observed.app);
    if let CertificateSeen::Usable { until, leaf, warnings } = &observed.certificate {
        let day = until.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string();
        let fact = Fact::new("certificate_expires", json!({ "time": until, "sha256": leaf }))
            .in_status(format!("certificate until {day}"));
        let left = until.duration_since(observed.now);
        let soon = left < SignedDuration::from_hours(24 * i64::from(desired.certificate.warn_days));
        facts.push(if soon {
            fact.warn(
                format!("the certificate expires on {day}, in {} days", left.as_hours() / 24),
                "renew it, replace both credentials, `systemctl restart converge-traefik.service`",
            )
        } else {
            fact
        });
        facts.extend(
            warnings.iter().map(|one| Fact::new("certificate_files", leaf.as_str()).warn(&one.message, &one.hint)),
        );
    }
    facts
}
