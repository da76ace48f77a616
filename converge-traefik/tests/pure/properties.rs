//! For generated states: applying plans to a model of Docker, git and abra ends with nothing left to change, within the
//! rounds a run has, and never takes what is in use or another's.

use std::collections::BTreeMap;

use cases::model::Recipe;
use converge::Converger;
use converge_traefik::observed::{CertificateSeen, Observed, Probe};
use converge_traefik::{CERTIFICATE, Change, Desired, KEY, LEAF as LEAF_LABEL, Traefik, plan};
use proptest::prelude::*;

const LEAF: &str = "sha256:new";
const RECIPE: Recipe = Recipe {
    domain: "traefik.ci.example.org",
    tags: &["3.8.0+v1", "3.9.0+v2", "3.9.1+v2", "4.0.0+v3"],
    keys: &["DOMAIN", "LETS_ENCRYPT_ENV", "WILDCARDS_ENABLED", "COMPOSE_FILE", "DASHBOARD_ENABLED"],
    secrets: &[(CERTIFICATE, "SECRET_WILDCARD_CERT_VERSION"), (KEY, "SECRET_WILDCARD_KEY_VERSION")],
};

fn desired() -> impl Strategy<Value = Desired> {
    (RECIPE.policies(), any::<bool>()).prop_map(|(version, dashboard)| {
        let mut desired: Desired = serde_json::from_str(include_str!("../../example.json")).unwrap();
        desired.recipe.version = version;
        desired.env = BTreeMap::from([("DASHBOARD_ENABLED".into(), dashboard.to_string())]);
        desired
    })
}

fn observed() -> impl Strategy<Value = Observed> {
    let certificate = prop_oneof![
        4 => Just(CertificateSeen::Usable {
            leaf: LEAF.into(),
            until: "2027-01-01T00:00:00Z".parse().unwrap(),
            warnings: Vec::new(),
        }),
        1 => Just(CertificateSeen::Unusable { reason: "expired".into(), hint: "renew it".into() }),
    ];
    (certificate, RECIPE.observed()).prop_map(|(certificate, app)| {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let mut observed = Observed { now, certificate, app, acme: Vec::new(), probe: None };
        look(&mut observed);
        observed
    })
}

/// Derives what depends on the rest: equal contents, and the certificate served.
fn look(observed: &mut Observed) {
    let is_usable = matches!(observed.certificate, CertificateSeen::Usable { .. });
    for secret in observed.app.secrets.values_mut().flatten() {
        let leaf = if secret.same == Some(false) { "sha256:old" } else { LEAF };
        secret.labels.entry(LEAF_LABEL.to_owned()).or_insert_with(|| leaf.to_owned());
        secret.same = secret.same.filter(|_| is_usable);
    }
    let app = &observed.app;
    let used = app.secrets(CERTIFICATE).iter().find(|secret| app.stack.uses(&secret.name));
    let served = used.and_then(|secret| secret.labels.get(LEAF_LABEL).cloned());
    observed.probe = served.map(|leaf| Probe { certificate: Ok(leaf), redirect: Ok(()), router: Some(Ok(())) });
}

fn apply(change: &Change, observed: &mut Observed) -> bool {
    let goes_on = RECIPE.apply(change, &mut observed.app);
    look(observed);
    goes_on
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_run_ends_with_nothing_left_to_change(desired in desired(), mut observed in observed()) {
        for round in 0.. {
            let plan = plan::plan(&desired, &observed);
            if plan.sequences.is_empty() {
                break;
            }
            prop_assert!(round < Traefik::ROUNDS, "still to do after {round} rounds: {:?}", plan.sequences);
            let mut went_back = false;
            for sequence in &plan.sequences {
                went_back |= !sequence.changes.iter().all(|change| apply(change, &mut observed));
            }
            // A run that went back ends as failed; the next one begins anew.
            if went_back {
                observed.app.deployed = false;
            }
        }
        if matches!(observed.certificate, CertificateSeen::Usable { .. }) {
            let end = plan::plan(&desired, &observed);
            prop_assert!(end.is_empty(), "{end:?}");
            prop_assert_eq!(&observed.probe.unwrap().certificate, &Ok(LEAF.to_owned()));
        }
    }
}
