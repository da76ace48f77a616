//! What is not run here, whatever its pipeline says.

use crate::rpc::wire::Details;
use crate::settings::Settings;

/// Why this build is not run here, if so.
pub fn refusal(settings: &Settings, details: &Details) -> Option<String> {
    let slug = &details.repository.slug;
    // Gitea's names do not differ by case alone.
    if !settings.repositories.iter().any(|known| known.eq_ignore_ascii_case(slug)) {
        return Some(format!("this runner takes builds of {} only, not of {slug}", settings.repositories.join(", ")));
    }
    let event = &details.build.event;
    if !settings.events.contains(event) {
        return Some(format!("this runner takes the event {} only, not {event}", settings.events.join(", ")));
    }
    None
}
