//! The OAuth application in Gitea, identified by its redirect address.

use base::plan::Plan;

use crate::change::{Change, SecretReason, application_name};
use crate::desired::Desired;
use crate::observed::{GiteaState, Observed};
use http::gitea::Application;

/// Plans the application. Returns its client id if its secret is known. During an outage of Gitea the stored client id is used.
pub fn plan(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) -> Option<String> {
    match &observed.gitea {
        GiteaState::Answers { applications, .. } => choose(desired, observed, applications, plan),
        GiteaState::Silent { reason, hint, may_pass: true } => {
            plan.wait(format!("Gitea to answer at {}", desired.gitea.address), reason.clone(), hint.clone());
            observed.client_id.clone()
        }
        GiteaState::Silent { reason, hint, may_pass: false } | GiteaState::Refuses { reason, hint } => {
            plan.block("gitea", reason.clone(), hint.clone());
            observed.client_id.clone()
        }
    }
}

fn choose(
    desired: &Desired,
    observed: &Observed,
    applications: &[Application],
    plan: &mut Plan<Change>,
) -> Option<String> {
    let stored = observed.client_id.as_ref();
    let ours = applications.iter().find(|application| Some(&application.client_id) == stored);
    let Some(chosen) = ours.or(applications.first()) else {
        let (name, redirect) = (application_name(&desired.domain), desired.redirect());
        plan.sequence("application", vec![Change::CreateApplication { name, redirect }]);
        return None;
    };
    for other in applications.iter().filter(|application| application.id != chosen.id) {
        report_duplicate(desired, chosen, other, plan);
    }
    let because = match ours {
        None => SecretReason::Lost,
        Some(_) if observed.done.client_refused => SecretReason::Refused,
        Some(ours) if !ours.confidential_client => SecretReason::Public,
        Some(_) => return Some(chosen.client_id.clone()),
    };
    plan.sequence("application", vec![Change::RegenerateSecret { application: chosen.clone(), because }]);
    None
}

/// Reports another application as drift: it may have another use, so only an operator may remove it.
fn report_duplicate(desired: &Desired, chosen: &Application, other: &Application, plan: &mut Plan<Change>) {
    let (address, bot) = (desired.gitea.address.trim_end_matches('/'), &desired.gitea.bot);
    plan.drift(
        format!("application/{}", other.client_id),
        format!(
            "the OAuth application `{}` (id {}) sends back to {}, as the one in use does (id {})",
            other.name,
            other.id,
            desired.redirect(),
            chosen.id
        ),
        vec![format!("curl --user {bot} --request DELETE {address}/api/v1/user/applications/oauth2/{}", other.id)],
    );
}
