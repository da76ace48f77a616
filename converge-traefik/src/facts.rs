//! What is worth showing: the version that runs, what is held, the certificate's expiry.

use common::converger::Fact;
use common::recipe::{Latest, Policy};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::desired::Desired;
use crate::observed::{CertificateSeen, Observed};
use crate::plan::held;

/// The facts of what was observed.
pub fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(app) = &observed.stack.app {
        let version = app.chaos.as_ref().or(app.version.as_ref()).map_or("of no known version", String::as_str);
        facts.push(Fact::new("traefik_version", version).in_status(format!("traefik {version}")));
    }
    if let CertificateSeen::Usable { until, leaf } = &observed.certificate {
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
    }
    if let Some(Err(why)) = &observed.asked {
        facts.push(Fact::new("recipe_source", desired.recipe.source.as_str()).warn(
            format!("the recipe's releases could not be asked for: {why}"),
            "what runs stays; check recipe.source and the network",
        ));
    }
    if desired.recipe.version == Policy::Latest {
        facts.extend(held_releases(observed));
    }
    facts
}

fn held_releases(observed: &Observed) -> Vec<Fact> {
    let Some(Latest { held, .. }) = held(observed) else { return Vec::new() };
    held.into_iter()
        .map(|held| {
            let message = format!("release {} is held: {}", held.tag, held.why.in_words());
            let hint = format!("read its notes, do what they ask, then pin it: recipe.version.pin = \"{}\"", held.tag);
            Fact::new("held_release", json!({ "tag": held.tag, "why": held.why })).warn(message, hint)
        })
        .collect()
}
