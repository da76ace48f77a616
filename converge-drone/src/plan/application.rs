//! The OAuth application in Gitea, found by where it sends a browser back to.

use base::plan::Plan;

use crate::change::{Change, Lost, application_name};
use crate::desired::Desired;
use crate::observed::{Forge, Observed};
use http::gitea::Application;

/// The client id to use, once its secret is known. With Gitea out of reach the one that is kept stays.
pub fn plan(desired: &Desired, observed: &Observed, plan: &mut Plan<Change>) -> Option<String> {
    match &observed.gitea {
        Forge::Answers { applications, .. } => choose(desired, observed, applications, plan),
        Forge::Silent { reason, hint, may_pass: true } => {
            plan.wait(format!("Gitea to answer at {}", desired.gitea.address), reason.clone(), hint.clone());
            observed.client_id.clone()
        }
        Forge::Silent { reason, hint, may_pass: false } | Forge::Refuses { reason, hint } => {
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
    let kept = observed.client_id.as_ref();
    let ours = applications.iter().find(|application| Some(&application.client_id) == kept);
    let Some(chosen) = ours.or(applications.first()) else {
        let (name, redirect) = (application_name(&desired.domain), desired.redirect());
        plan.sequence("application", vec![Change::CreateApplication { name, redirect }]);
        return None;
    };
    for other in applications.iter().filter(|application| application.id != chosen.id) {
        report_duplicate(desired, chosen, other, plan);
    }
    let because = match ours {
        None => Lost::Lost,
        Some(_) if observed.done.client_refused => Lost::Refused,
        Some(ours) if !ours.confidential_client => Lost::Public,
        Some(_) => return Some(chosen.client_id.clone()),
    };
    plan.sequence("application", vec![Change::RegenerateSecret { application: chosen.clone(), because }]);
    None
}

/// Somebody may use it for something else, so it is for an operator to remove.
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
