//! A recipe's clone in `$ABRA_DIR/recipes`.

use std::cmp::Ordering;
use std::env;
use std::fs;
use std::path::PathBuf;

use crate::cli::Global;
use crate::directory;
use crate::fatal::{Fatal, info};
use crate::git::git;

/// Suffix of the commit in a chaos version when the tree is dirty.
pub const DIRTY: &str = "+U";

/// A recipe, given by name or by URL.
#[derive(Debug)]
pub struct Recipe {
    pub name: String,
    pub folder: PathBuf,
    address: String,
}

impl Recipe {
    pub fn named(name: &str) -> Result<Self, Fatal> {
        let bare = name.trim_start_matches("https://").trim_end_matches(".git");
        if bare.is_empty() || bare.starts_with('.') {
            return Err(Fatal::new("no recipe name provided"));
        }
        let folder = directory::recipes().join(bare.replace(['/', '.'], "_"));
        let address = if bare.contains('/') {
            format!("https://{bare}.git")
        } else {
            let forge = env::var("ABRA_STAND_IN_CATALOGUE");
            let forge = forge.unwrap_or_else(|_| "https://git.coopcloud.tech/coop-cloud".to_owned());
            format!("{forge}/{bare}.git")
        };
        Ok(Self { name: bare.to_owned(), folder, address })
    }

    fn git(&self, arguments: &[&str]) -> Result<String, Fatal> {
        git(&self.folder, arguments)
    }

    /// `recipe fetch`: clones the recipe, or updates the clone.
    pub fn fetch(&self, force: bool) -> Result<(), Fatal> {
        if !self.exists() {
            return self.clone_it();
        }
        if force {
            self.git(&["reset", "--quiet", "--hard"])?;
            self.git(&["clean", "--quiet", "--force", "-d"])?;
        }
        self.ensure_clean()?;
        self.update()?;
        self.checkout_main()
    }

    fn exists(&self) -> bool {
        self.folder.join(".git").exists()
    }

    fn clone_it(&self) -> Result<(), Fatal> {
        let recipes = directory::recipes();
        fs::create_dir_all(&recipes).map_err(Fatal::when(recipes.display()))?;
        info(&format!("cloning {}", self.address));
        git(&recipes, &["clone", "--quiet", &self.address, &self.folder.to_string_lossy()])
            .map_err(|_| Fatal::new(format!("unable to clone {}: repository not found", self.address)))
            .map(drop)
    }

    fn update(&self) -> Result<(), Fatal> {
        if self.git(&["remote"])?.lines().any(|remote| remote == "origin") {
            self.git(&["fetch", "--quiet", "--tags", "--force", "origin"])?;
        }
        Ok(())
    }

    /// First step of nearly every command: the clone exists, is clean, is up to date, and has this version
    /// checked out. With chaos, only the clone has to exist.
    pub fn ensure(&self, version: Option<&str>, chaos: bool, global: Global) -> Result<(), Fatal> {
        if !self.exists() {
            self.clone_it()?;
        }
        if chaos {
            return Ok(());
        }
        self.ensure_clean()?;
        if !global.offline {
            self.update()?;
        }
        match version {
            Some(version) => self.checkout(version),
            None => match self.versions()?.pop() {
                Some(latest) => self.checkout(&latest),
                None => self.checkout_main(),
            },
        }
    }

    pub fn is_dirty(&self) -> Result<bool, Fatal> {
        Ok(!self.git(&["status", "--porcelain"])?.is_empty())
    }

    fn ensure_clean(&self) -> Result<(), Fatal> {
        if self.is_dirty()? {
            return Err(Fatal::new(format!("{} ({}) has locally unstaged changes?", self.name, self.folder.display())));
        }
        Ok(())
    }

    fn checkout(&self, version: &str) -> Result<(), Fatal> {
        let tag = format!("refs/tags/{version}");
        if self.git(&["rev-parse", "--verify", "--quiet", &tag]).is_ok() {
            return self.git(&["checkout", "--quiet", "--force", "--detach", &tag]).map(drop);
        }
        let is_commit = version.len() >= 7 && version.chars().all(|c| c.is_ascii_hexdigit());
        if is_commit && self.git(&["checkout", "--quiet", "--force", "--detach", version]).is_ok() {
            return Ok(());
        }
        Err(Fatal::new(format!("the local copy of {} doesn't seem to have version {version} available?", self.name)))
    }

    fn checkout_main(&self) -> Result<(), Fatal> {
        for branch in ["main", "master"] {
            if self.git(&["checkout", "--quiet", "--force", branch]).is_ok() {
                // Only a clone with an upstream can be behind.
                let _ = self.git(&["merge", "--quiet", "--ff-only", &format!("origin/{branch}")]);
                return Ok(());
            }
        }
        Err(Fatal::new(format!("failed to select default branch in {}", self.folder.display())))
    }

    /// The released versions, oldest first.
    pub fn versions(&self) -> Result<Vec<String>, Fatal> {
        let tags = self.git(&["tag", "--list"])?;
        let mut versions: Vec<String> = tags.lines().filter(|tag| is_version(tag)).map(str::to_owned).collect();
        versions.sort_by(|one, other| compare(one, other));
        Ok(versions)
    }

    /// The lightweight tags.
    pub fn lightweight_tags(&self) -> Result<Vec<String>, Fatal> {
        let tags = self.git(&["for-each-ref", "--format=%(objecttype) %(refname:strip=2)", "refs/tags"])?;
        Ok(tags.lines().filter_map(|tag| tag.strip_prefix("commit ")).map(str::to_owned).collect())
    }

    pub fn has_origin(&self) -> Result<bool, Fatal> {
        Ok(self.git(&["remote"])?.lines().any(|remote| remote == "origin"))
    }

    /// The checked-out commit, short, with a suffix when the tree is dirty.
    pub fn chaos_version(&self) -> Result<String, Fatal> {
        let commit = self.git(&["rev-parse", "--short=8", "HEAD"])?;
        Ok(if self.is_dirty()? { format!("{commit}{DIRTY}") } else { commit })
    }

    /// The text of a file at a version.
    pub fn show(&self, version: &str, file: &str) -> Result<String, Fatal> {
        self.git(&["show", &format!("refs/tags/{version}:{file}")])
    }

    pub fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(file)).ok()
    }

    /// The variables that `abra.sh` exports.
    pub fn exports(&self) -> Vec<(String, String)> {
        let text = self.read("abra.sh").unwrap_or_default();
        let lines =
            text.lines().filter_map(|line| line.trim().strip_prefix("export ")).filter_map(|line| line.split_once('='));
        lines.map(|(key, value)| (key.trim().to_owned(), value.trim().trim_matches(['"', '\'']).to_owned())).collect()
    }
}

fn is_version(tag: &str) -> bool {
    tag.split_once('+').is_some_and(|(recipe, _)| {
        recipe.split('.').count() == 3 && recipe.split('.').all(|part| part.parse::<u64>().is_ok())
    })
}

/// Orders by the recipe's own version first, then by the app's version.
fn compare(one: &str, other: &str) -> Ordering {
    let parts = |version: &str| {
        let (recipe, app) = version.split_once('+').unwrap_or((version, ""));
        let numbers = |text: &str| text.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0)).collect();
        let (recipe, app): (Vec<u64>, Vec<u64>) = (numbers(recipe), numbers(app));
        (recipe, app)
    };
    parts(one).cmp(&parts(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number() {
        let mut versions = vec!["3.10.0+v3.7.15", "3.9.0+v3.7.15", "3.9.0+v3.7.9", "10.0.0+v1"];
        versions.sort_by(|one, other| compare(one, other));
        assert_eq!(versions, ["3.9.0+v3.7.9", "3.9.0+v3.7.15", "3.10.0+v3.7.15", "10.0.0+v1"]);
        assert!(is_version("1.0.0+v1.6.870-0") && !is_version("v1.0.0") && !is_version("1.0+2"));
    }

    #[test]
    fn recipes_of_other_forges_have_a_folder_of_their_own() {
        let recipe = Recipe::named("https://mygit.org/myorg/cool-recipe.git").unwrap();
        assert!(recipe.folder.ends_with("recipes/mygit_org_myorg_cool-recipe"));
        assert_eq!(recipe.address, "https://mygit.org/myorg/cool-recipe.git");
    }
}
