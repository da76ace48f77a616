//! `recipe versions`: one row for each version and service.

use crate::cli::Global;
use crate::compose;
use crate::fatal::Fatal;
use crate::recipe::Recipe;
use crate::table;

pub fn list(name: &str, machine: bool, global: Global) -> Result<(), Fatal> {
    let recipe = Recipe::named(name)?;
    recipe.ensure(None, false, global)?;
    let mut rows = Vec::new();
    for version in recipe.versions()?.into_iter().rev() {
        let text = recipe.show(&version, "compose.yml")?;
        let file = compose::parse(&text).map_err(Fatal::when(&version))?;
        for (service, value) in file["services"].as_object().into_iter().flatten() {
            let image = value["image"].as_str().unwrap_or_default();
            let (image, tag) = image.rsplit_once(':').unwrap_or((image, ""));
            rows.push(vec![service.clone(), image.to_owned(), tag.to_owned(), version.clone()]);
        }
    }
    if rows.is_empty() {
        return Err(Fatal::new(format!("{name} has no published versions?")));
    }
    if machine {
        table::print_json(&["service", "image", "tag", "version"], &rows);
    } else {
        table::print(&["SERVICE", "IMAGE", "TAG", "VERSION"], &rows);
    }
    Ok(())
}
