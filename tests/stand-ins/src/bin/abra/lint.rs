//! `recipe lint`: the rules, and the table of a recipe's results.

use serde_json::Value;

use crate::cli::Global;
use crate::compose::Compose;
use crate::fatal::{Fatal, info, warn};
use crate::recipe::Recipe;
use crate::table;
use crate::terminal;

/// Input of a rule.
struct Subject<'a> {
    recipe: &'a Recipe,
    compose: Compose,
}

type Check = fn(&Subject) -> Result<bool, Fatal>;

struct Rule {
    reference: &'static str,
    is_error: bool,
    description: &'static str,
    how_to_fix: &'static str,
    check: Check,
}

const fn rule(
    reference: &'static str,
    is_error: bool,
    description: &'static str,
    how_to_fix: &'static str,
    check: Check,
) -> Rule {
    Rule { reference, is_error, description, how_to_fix, check }
}

/// The rules with a known meaning.
const RULES: [Rule; 15] = [
    rule(
        "R001",
        false,
        "ensure compose config has expected version",
        "ensure 'version: \"3.8\"' in compose configs",
        |s| Ok(s.compose.version() == "3.8"),
    ),
    rule("R002", false, "healthcheck enabled for all services", "wire up healthchecks", |s| {
        Ok(s.compose.service_names().iter().all(|name| s.compose.of_service(name, "healthcheck").is_some()))
    }),
    rule("R003", false, "all images use a tag", "use a tag for all images", |s| {
        Ok(tags(s).iter().all(Option::is_some))
    }),
    rule("R004", false, "no unstable tags", "tag all images with stable tags", |s| {
        Ok(tags(s).iter().flatten().all(|tag| tag != "latest"))
    }),
    rule("R005", false, "tags use semver-like format", "use semver-like tags", |s| {
        Ok(tags(s).iter().flatten().all(|tag| tag.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())))
    }),
    rule("R006", false, "has published catalogue version", "publish a recipe version to the catalogue", |s| {
        Ok(!s.recipe.versions()?.is_empty())
    }),
    rule("R007", false, "README.md metadata filled in", "fill out all the metadata", |s| {
        let readme = s.recipe.read("README.md").unwrap_or_default();
        Ok(readme.contains("<!-- metadata -->") && readme.contains("**Category**: ") && readme.contains("**Status**: "))
    }),
    rule("R008", true, ".env.sample provided", "create an example .env.sample", |s| {
        Ok(s.recipe.read(".env.sample").is_some())
    }),
    rule("R009", true, "one service named 'app'", "name a service 'app'", |s| {
        Ok(s.compose.service_names().contains("app"))
    }),
    rule("R010", true, "traefik routing enabled", "include \"traefik.enable=true\" deploy label", |s| {
        let label = |name: &String| s.compose.labels(name, &crate::expand::Env::new()).get("traefik.enable").cloned();
        Ok(s.compose.service_names().iter().any(|name| label(name).as_deref() == Some("true")))
    }),
    rule("R011", true, "all services have images", "ensure \"image: ...\" set on all services", |s| {
        Ok(s.compose.service_names().iter().all(|name| s.compose.of_service(name, "image").is_some()))
    }),
    rule("R012", true, "config version are vendored", "vendor config versions in an abra.sh", |s| {
        let exported: Vec<String> = s.recipe.exports().into_iter().map(|(key, _)| key).collect();
        Ok(s.compose.configs().all(|(_, config)| is_vendored(config, &exported)))
    }),
    rule(
        "R013",
        true,
        "git.coopcloud.tech repo exists",
        "upload your recipe to git.coopcloud.tech/coop-cloud/...",
        |s| s.recipe.has_origin(),
    ),
    rule(
        "R014",
        true,
        "only annotated tags used for recipe version",
        "replace lightweight tag with annotated tag",
        |s| Ok(s.recipe.lightweight_tags()?.is_empty()),
    ),
    rule("R015", true, "long secret names", "reduce length of secret names to 12 chars", |s| {
        Ok(s.compose.external_secrets(&crate::expand::Env::new()).iter().all(|secret| secret.name.len() <= 12))
    }),
];

pub fn lint(name: &str, chaos: bool, global: Global) -> Result<(), Fatal> {
    let recipe = Recipe::named(name)?;
    recipe.ensure(None, chaos, global)?;
    let results = results(&recipe)?;
    // Abra reads the terminal's width for the table.
    terminal::require()?;
    let mut rows = Vec::new();
    for (rule, satisfied) in &results {
        let severity = if rule.is_error { "error" } else { "warn" };
        let mark = if *satisfied { "✅" } else { "❌" };
        rows.push([rule.reference, rule.description, severity, mark, "-", rule.how_to_fix].map(str::to_owned).to_vec());
    }
    table::print(&["ref", "rule", "severity", "satisfied", "skipped", "resolve"], &rows);
    if results.iter().any(|(rule, satisfied)| rule.is_error && !satisfied) {
        warn(&format!("critical errors present in {} config", recipe.name));
    } else {
        info("recipe linting complete");
    }
    Ok(())
}

/// Blocks a deploy without chaos: the first broken rule of severity error.
pub fn errors(recipe: &Recipe) -> Result<(), Fatal> {
    for (rule, satisfied) in results(recipe)? {
        if rule.is_error && !satisfied {
            let Rule { reference, description, .. } = rule;
            return Err(Fatal::new(format!("lint error in {} configs: \"{description}\" ({reference})", recipe.name)));
        }
    }
    Ok(())
}

fn results(recipe: &Recipe) -> Result<Vec<(&'static Rule, bool)>, Fatal> {
    if recipe.read(".env.sample").is_none() {
        return Err(Fatal::new("unable to validate recipe: .env.sample is missing"));
    }
    let compose = Compose::read(&[recipe.folder.join("compose.yml")])
        .map_err(|_| Fatal::new("unable to validate recipe: compose.yml cannot be read"))?;
    let subject = Subject { recipe, compose };
    RULES.iter().map(|rule| Ok((rule, (rule.check)(&subject)?))).collect()
}

/// The tag of each image.
fn tags(subject: &Subject) -> Vec<Option<String>> {
    let images = subject.compose.services().filter_map(|(_, service)| service["image"].as_str());
    let tags = images.map(|image| image.rsplit('/').next().unwrap_or_default().split_once(':'));
    tags.map(|tag| tag.map(|(_, tag)| tag.to_owned())).collect()
}

/// True if a config's name ends in a version that abra.sh exports.
fn is_vendored(config: &Value, exported: &[String]) -> bool {
    let Some(name) = config["name"].as_str() else { return false };
    let key = name.rsplit_once("${").and_then(|(_, rest)| rest.strip_suffix('}'));
    key.is_some_and(|key| exported.iter().any(|exported| exported == key))
}
