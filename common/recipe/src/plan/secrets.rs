//! Which secrets an app is to use, and which are superseded.

use super::super::change::Change;
use super::super::names::Names;
use super::super::observed::Observed;
use docker::secret;

/// The number of the secret of this kind whose content is what it should be, and its creation where there is none.
pub fn secret(observed: &Observed, names: &Names, kind: &str) -> (u32, Option<Change>) {
    let there = observed.secrets(kind);
    if let Some(same) = secret::usable(there) {
        return (same.number, None);
    }
    let next = secret::next(there);
    (next, Some(Change::CreateSecret { kind: kind.to_owned(), name: names.secret(kind, next) }))
}

/// Removes secrets of ours of this kind that are not the `current` one, and that nothing uses any more.
pub fn superseded(observed: &Observed, kind: &str, current: u32) -> Vec<Change> {
    let superseded = secret::superseded(observed.secrets(kind), Some(current), |name| observed.stack.uses(name));
    superseded.map(|secret| Change::RemoveSecret { name: secret.name.clone(), id: secret.id.clone() }).collect()
}
