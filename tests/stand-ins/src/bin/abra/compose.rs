//! The part of a recipe's compose files that abra reads. Docker merges and deploys them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::expand::{Env, expand};
use crate::fatal::Fatal;

/// Compose files in the order in which they are merged.
#[derive(Debug)]
pub struct Compose {
    pub paths: Vec<PathBuf>,
    files: Vec<Value>,
}

/// An external secret of a recipe: named by the recipe, created by the operator or abra.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalSecret {
    /// Name in the compose file.
    pub name: String,
    /// Name in Swarm.
    pub full_name: String,
    /// The `.env` key of the secret's version; may differ from the secret's name.
    pub version_key: String,
}

impl Compose {
    pub fn read(paths: &[PathBuf]) -> Result<Self, Fatal> {
        let files = paths.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
        Ok(Self { paths: paths.to_owned(), files })
    }

    pub fn version(&self) -> &str {
        self.files.iter().find_map(|file| file["version"].as_str()).unwrap_or("3.8")
    }

    fn sections<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.files.iter().filter_map(move |file| file[name].as_object()).flatten()
    }

    pub fn services(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.sections("services")
    }

    pub fn service_names(&self) -> BTreeSet<String> {
        self.services().map(|(name, _)| name.clone()).collect()
    }

    /// The value of a service's key in the last file that sets it.
    pub fn of_service<'a>(&'a self, service: &str, key: &str) -> Option<&'a Value> {
        self.services().filter(|(name, _)| *name == service).filter_map(|(_, value)| value.get(key)).last()
    }

    /// The environment keys that the recipe sets itself.
    pub fn environment_keys(&self, service: &str) -> BTreeSet<String> {
        let of = self.services().filter(|(name, _)| *name == service);
        of.flat_map(|(_, value)| pairs(&value["environment"])).map(|(key, _)| key).collect()
    }

    /// A service's labels in Swarm, with variables replaced.
    pub fn labels(&self, service: &str, env: &Env) -> Env {
        let of = self.services().filter(|(name, _)| *name == service);
        let pairs = of.flat_map(|(_, value)| pairs(&value["deploy"]["labels"]));
        pairs.map(|(key, value)| (expand(&key, env), expand(&value, env))).collect()
    }

    /// The external secrets, which must exist before a deploy.
    pub fn external_secrets(&self, env: &Env) -> Vec<ExternalSecret> {
        let external = self.sections("secrets").filter(|(_, secret)| is_external(secret));
        let described = external.map(|(key, secret)| {
            let written = secret["name"].as_str().unwrap_or(key);
            let version_key = written.rsplit_once("${").and_then(|(_, rest)| rest.strip_suffix('}'));
            let version_key = version_key.unwrap_or_default().to_owned();
            ExternalSecret { name: key.clone(), full_name: expand(written, env), version_key }
        });
        described.collect()
    }

    /// The configs by their names in the recipe, with the source file of each.
    pub fn configs(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.sections("configs")
    }
}

fn read(path: &Path) -> Result<Value, Fatal> {
    let text = fs::read_to_string(path).map_err(|_| Fatal::new(format!("{} does not exist?", path.display())))?;
    parse(&text).map_err(|why| Fatal::new(format!("{}: {why}", path.display())))
}

/// YAML with its merge keys applied, as JSON.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut value: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).map_err(|error| error.to_string())?;
    value.apply_merge().map_err(|error| error.to_string())?;
    let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
    Ok(if value.is_object() { value } else { Value::Object(Map::new()) })
}

fn is_external(section: &Value) -> bool {
    section["external"].as_bool().unwrap_or(section["external"].is_object())
}

/// `KEY=VALUE` in a list, or keys and values in a map.
fn pairs(value: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).map(split).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
        _ => Vec::new(),
    }
}

fn split(line: &str) -> (String, String) {
    let (key, value) = line.split_once('=').unwrap_or((line, ""));
    (key.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_files_add_to_earlier_ones() {
        let texts = [
            "services: {app: {image: 'a:1', environment: [A=1, B], deploy: {labels: ['x.${S}=1']}}}\nversion: '3.8'",
            "services: {app: {image: 'a:2', environment: {C: 3}}}\nsecrets: {key: {external: true, name: '${S}_key_${SECRET_K_VERSION}'}, own: {}}",
        ];
        let files = texts.iter().map(|text| parse(text).unwrap()).collect();
        let compose = Compose { paths: Vec::new(), files };
        let env = Env::from([("S".into(), "stack".into()), ("SECRET_K_VERSION".into(), "v1".into())]);
        assert_eq!(compose.of_service("app", "image").unwrap(), "a:2");
        assert_eq!(compose.environment_keys("app"), ["A", "B", "C"].map(str::to_owned).into());
        assert_eq!(compose.labels("app", &env)["x.stack"], "1");
        let secret = compose.external_secrets(&env).remove(0);
        assert_eq!(
            (&*secret.name, &*secret.full_name, &*secret.version_key),
            ("key", "stack_key_v1", "SECRET_K_VERSION")
        );
    }
}
