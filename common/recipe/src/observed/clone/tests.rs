use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::*;

/// A source and its clone, observed with the policies of an operator.
struct World {
    folder: TempDir,
    git: Git,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let git = Git::new(folder.path().join("recipes/hello"), Duration::from_secs(20));
        let world = Self { folder, git };
        for (source, file) in [("source", "compose.yml"), ("other", "other.yml")] {
            fs::create_dir(world.path(source)).unwrap();
            world.run(source, &["init", "--quiet"]);
            for (tag, content) in [("1.0.0+v1", "A=1\n"), ("1.1.0+v1", "A=1\nan odd line\n#B=2\n")] {
                fs::write(world.path(source).join(".env.sample"), content).unwrap();
                fs::write(world.path(source).join(file), "services: {}\n").unwrap();
                world.run(source, &["add", "."]);
                world.run(source, &["commit", "--quiet", "-m", tag]);
                world.run(source, &["tag", "-a", "-m", tag, tag]);
            }
        }
        world.git.clone_from(&world.address("source")).await.unwrap();
        world
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn address(&self, source: &str) -> String {
        format!("file://{}", self.path(source).display())
    }

    fn run(&self, source: &str, arguments: &[&str]) -> String {
        run(&self.path(source), arguments)
    }

    async fn observe(&self, source: &str, policy: &Policy) -> Found {
        observe(&self.git, &self.address(source), policy, &["compose.yml".into()]).await.unwrap()
    }

    #[track_caller]
    fn unusable(found: Found) -> String {
        match found {
            Found::Unusable(reason) => reason,
            found => panic!("{found:?}"),
        }
    }

    #[track_caller]
    fn usable(found: Found) -> RecipeClone {
        match found {
            Found::Usable(clone) => clone,
            found => panic!("{found:?}"),
        }
    }
}

fn run(directory: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"];
    let output = Command::new("git").arg("-C").arg(directory).args(identity).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_clone_of_another_source_is_not_used() {
    let world = World::new().await;
    World::usable(world.observe("source", &Policy::Latest).await);
    let reason = World::unusable(world.observe("other", &Policy::Latest).await);
    assert_eq!(reason, format!("it is a clone of {}", world.address("source")));
    world.git.clone_from(&world.address("other")).await.unwrap();
    let clone = World::usable(world.observe("other", &Policy::Latest).await);
    assert_eq!(clone.contents["1.0.0+v1"].missing_files, ["compose.yml"]);
}

#[tokio::test]
async fn a_damaged_clone_is_not_used() {
    let world = World::new().await;
    let clone = world.path("recipes/hello/.git");
    fs::write(clone.join("index.lock"), "").unwrap();
    let reason = World::unusable(world.observe("source", &Policy::Latest).await);
    assert_eq!(reason, "a git that was killed left .git/index.lock");
    fs::remove_file(clone.join("index.lock")).unwrap();
    fs::write(clone.join("config"), "").unwrap();
    assert_eq!(World::unusable(world.observe("source", &Policy::Latest).await), "it is a clone of no source");
    fs::remove_dir_all(clone.join("objects")).unwrap();
    fs::create_dir(clone.join("objects")).unwrap();
    World::unusable(world.observe("source", &Policy::Latest).await);
}

#[tokio::test]
async fn a_lost_file_of_a_release_is_damage_and_not_a_release_without_it() {
    let world = World::new().await;
    let file = world.run("source", &["rev-parse", "1.1.0+v1:.env.sample"]);
    world.run("recipes/hello", &["fetch", "--quiet", "--refetch", "origin"]);
    let pack = world.path("recipes/hello/.git/objects/pack");
    let packs: Vec<_> = fs::read_dir(&pack).unwrap().map(|entry| entry.unwrap().path()).collect();
    let kept = world.path("pack");
    fs::rename(&pack, &kept).unwrap();
    for packed in packs.iter().filter(|path| path.extension().is_some_and(|end| end == "pack")) {
        let packed = fs::File::open(kept.join(packed.file_name().unwrap())).unwrap();
        let mut unpack = Command::new("git");
        unpack.arg("-C").arg(world.path("recipes/hello")).args(["unpack-objects", "-q"]).stdin(packed);
        assert!(unpack.status().unwrap().success());
    }
    let object = world.path("recipes/hello/.git/objects").join(&file[..2]).join(&file[2..]);
    fs::remove_file(object).unwrap();
    let reason = World::unusable(world.observe("source", &Policy::Pin("1.1.0+v1".into())).await);
    assert!(reason.ends_with(".env.sample of 1.1.0+v1 is missing"), "{reason}");
}

#[tokio::test]
async fn a_name_is_a_branch_of_the_origin_or_a_tag_or_a_hash_and_never_a_branch_of_the_clone() {
    let world = World::new().await;
    let main = world.run("source", &["rev-parse", "main"]);
    let first = world.run("source", &["rev-parse", "1.0.0+v1^{commit}"]);
    let commit = async |name: &str| {
        let clone = World::usable(world.observe("source", &Policy::Commit(name.into())).await);
        (clone.commit, clone.commit_of_branch)
    };
    assert_eq!(commit("main").await, (Some(main.clone()), true));
    assert_eq!(commit("1.0.0+v1").await, (Some(first.clone()), false));
    assert_eq!(commit(&first[..9]).await, (Some(first.clone()), false));
    world.run("source", &["branch", "-m", "main", "trunk"]);
    world.git.refresh(&world.address("source"), None).await.unwrap();
    assert_eq!(commit("main").await, (None, false));
    assert_eq!(commit("trunk").await, (Some(main), true));
}

#[tokio::test]
async fn an_odd_tag_and_an_odd_line_hide_no_other() {
    let world = World::new().await;
    let file = world.run("source", &["rev-parse", "HEAD:.env.sample"]);
    world.run("source", &["tag", "-a", "-m", "odd", "1.2.0+v1", &file]);
    world.git.refresh(&world.address("source"), None).await.unwrap();
    let clone = World::usable(world.observe("source", &Policy::Latest).await);
    let releases: Vec<_> = clone.tags.iter().filter(|tag| tag.annotated).map(|tag| tag.name.as_str()).collect();
    assert_eq!(releases, ["1.0.0+v1", "1.1.0+v1"]);
    assert_eq!(clone.contents["1.1.0+v1"].keys, Some(vec!["A".into(), "B".into()]));
    World::usable(world.observe("source", &Policy::Pin("1.2.0+v1".into())).await);
}

#[tokio::test]
async fn a_file_that_is_not_the_recipes_is_named() {
    let world = World::new().await;
    fs::write(world.path("recipes/hello/mine.yml"), "").unwrap();
    let clone = World::usable(world.observe("source", &Policy::Latest).await);
    assert_eq!(clone.differences, ["?? mine.yml"]);
}
