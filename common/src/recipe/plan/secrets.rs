//! Which secrets an app is to use, and which are superseded.

use super::super::change::Change;
use super::super::names::Names;
use super::super::observed::{Observed, Secret};

/// The number of the secret of this kind whose content is what it should be, and its creation where there is none.
pub fn secret(observed: &Observed, names: &Names, kind: &str) -> (u32, Option<Change>) {
    let there = observed.secrets(kind);
    if let Some(same) = there.iter().rev().find(|secret| secret.ours && secret.same == Some(true)) {
        return (same.number, None);
    }
    let next = there.iter().map(|secret| secret.number).max().unwrap_or(0) + 1;
    (next, Some(Change::CreateSecret { kind: kind.to_owned(), name: names.secret(kind, next) }))
}

/// Removes secrets of ours of this kind that are not the `current` one, and that nothing uses any more.
pub fn superseded(observed: &Observed, kind: &str, current: u32) -> Vec<Change> {
    let is_superseded =
        |secret: &&Secret| secret.ours && secret.number != current && !observed.stack.uses(&secret.name);
    let superseded = observed.secrets(kind).iter().filter(is_superseded);
    superseded.map(|secret| Change::RemoveSecret { name: secret.name.clone(), id: secret.id.clone() }).collect()
}
