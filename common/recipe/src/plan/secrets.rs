//! The secrets of an app: the ones to use, and superseded ones.

use super::super::change::Change;
use super::super::names::Names;
use super::super::observed::Observed;
use docker::secret;

/// Returns the number of the secret with the wanted content, and the change that creates it if it is missing.
pub fn secret(observed: &Observed, names: &Names, kind: &str) -> (u32, Option<Change>) {
    let there = observed.secrets(kind);
    if let Some(same) = secret::usable(there) {
        return (same.number, None);
    }
    let next = secret::next(there);
    (next, Some(Change::CreateSecret { kind: kind.to_owned(), name: names.secret(kind, next) }))
}

/// Removes our secrets of this kind that are not the `current` one and not in use.
pub fn superseded(observed: &Observed, kind: &str, current: u32) -> Vec<Change> {
    let superseded = secret::superseded(observed.secrets(kind), Some(current), |name| observed.stack.uses(name));
    superseded.map(|secret| Change::RemoveSecret { name: secret.name.clone(), id: secret.id.clone() }).collect()
}
