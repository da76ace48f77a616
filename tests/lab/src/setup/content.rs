//! The content of the labs' Gitea, made during setup so that no boot waits for it.

use super::Part;
use crate::error::Result;
use crate::progress;

/// The part, if missing. A new server fills its own content.
pub(super) fn missing(has_new_server: bool) -> Result<Option<Part>> {
    if crate::gitea::is_current()? && !has_new_server {
        return Ok(None);
    }
    Ok(Some(Part {
        what: "a Gitea with an organisation, its people, recipes and pull requests (4 MB)".to_owned(),
        step: "filling a Gitea".to_owned(),
        make: Box::new(|| crate::gitea::prepare(progress::tell).map(drop)),
    }))
}
