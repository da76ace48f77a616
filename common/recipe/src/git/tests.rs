use std::fs;
use std::process::Command as Blocking;

use tempfile::TempDir;

use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

fn run(directory: &Path, arguments: &[&str]) -> String {
    let output = Blocking::new("git")
        .arg("-C")
        .arg(directory)
        .args(["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(directory: &Path, file: &str, content: &str) -> String {
    let path = directory.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    run(directory, &["add", "."]);
    run(directory, &["commit", "--quiet", "-m", file]);
    run(directory, &["rev-parse", "HEAD"])
}

/// A repository with an annotated tag, a lightweight tag and a release note.
fn source() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    run(path, &["init", "--quiet"]);
    commit(path, ".env.sample", "TYPE=hello\n");
    run(path, &["tag", "-a", "-m", "first", "1.0.0+v1"]);
    commit(path, "release/1.1.0+v1", "Nothing to do.\n");
    run(path, &["tag", "1.1.0+v1"]);
    folder
}

/// A clone of a source, and both folders.
struct Cloned {
    source: TempDir,
    here: TempDir,
    git: Git,
}

impl Cloned {
    async fn new() -> Self {
        let (source, here) = (source(), tempfile::tempdir().unwrap());
        let git = Git::new(here.path().join("hello"), DEADLINE);
        let cloned = Self { source, here, git };
        cloned.git.clone_from(&cloned.address()).await.unwrap();
        cloned
    }

    /// With its scheme: git copies a path file by file.
    fn address(&self) -> String {
        format!("file://{}", self.source.path().display())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.here.path().join("hello").join(file)
    }

    async fn fetch(&self, keep: Option<&str>) {
        self.git.fetch_from(&self.address(), keep).await.unwrap();
    }

    async fn tag_names(&self) -> Vec<String> {
        self.git.tags().await.unwrap().into_iter().map(|tag| tag.name).collect()
    }

    async fn is_there(&self, name: &str) -> bool {
        self.git.objects(&[name.to_owned()]).await.unwrap()[0].is_some()
    }
}

#[tokio::test]
async fn a_clone_knows_its_tags_and_their_files() {
    let (source, here) = (source(), tempfile::tempdir().unwrap());
    let git = Git::new(here.path().join("recipes/hello"), DEADLINE);
    assert!(!git.exists());
    let address = source.path().to_str().unwrap();
    git.clone_from(address).await.unwrap();
    assert!(git.exists());
    assert_eq!(git.origin().await.unwrap().as_deref(), Some(address));
    let tag = |name: &str, annotated| Tag { name: name.into(), annotated, moved: None };
    assert_eq!(git.tags().await.unwrap(), [tag("1.0.0+v1", true), tag("1.1.0+v1", false)]);
    let names = [
        "1.0.0+v1:.env.sample",
        "1.0.0+v1:release/1.1.0+v1",
        "1.1.0+v1:release/1.1.0+v1",
        "no such\nthing",
        "refs/remotes/origin/main^{commit}",
    ];
    let objects = git.objects(&names.map(str::to_owned)).await.unwrap();
    let contents: Vec<_> = objects
        .iter()
        .map(|object| object.as_ref().map(|it| String::from_utf8_lossy(&it.content).into_owned()))
        .collect();
    assert_eq!(contents[..4], [Some("TYPE=hello\n".into()), None, Some("Nothing to do.\n".into()), None]);
    let commit = objects[4].as_ref().unwrap();
    assert_eq!(commit.kind, "commit");
    assert_eq!(run(&here.path().join("recipes/hello"), &["rev-parse", "HEAD"]), commit.id);
}

#[tokio::test]
async fn new_tags_are_fetched() {
    let cloned = Cloned::new().await;
    let before = cloned.git.fetched().unwrap();
    run(cloned.source.path(), &["tag", "-a", "-m", "third", "1.2.0+v1"]);
    cloned.fetch(None).await;
    assert_eq!(cloned.tag_names().await, ["1.0.0+v1", "1.1.0+v1", "1.2.0+v1"]);
    assert!(cloned.git.fetched().unwrap() >= before);
}

#[tokio::test]
async fn withdrawn_tags_and_renamed_branches_are_gone_after_a_fetch() {
    let cloned = Cloned::new().await;
    run(cloned.source.path(), &["tag", "-d", "1.0.0+v1"]);
    run(cloned.source.path(), &["branch", "-m", "main", "trunk"]);
    // A name that was a branch, or a tag, is the folder of another now.
    run(cloned.source.path(), &["branch", "main/next"]);
    run(cloned.source.path(), &["tag", "-d", "1.1.0+v1"]);
    run(cloned.source.path(), &["tag", "1.1.0+v1/again"]);
    cloned.fetch(Some("1.0.0+v1")).await;
    assert_eq!(cloned.tag_names().await, ["1.1.0+v1/again"]);
    assert!(!cloned.is_there("refs/remotes/origin/main").await);
    assert!(
        cloned.is_there("refs/remotes/origin/trunk").await && cloned.is_there("refs/remotes/origin/main/next").await
    );
    assert!(cloned.git.is_sound().await);
}

#[tokio::test]
async fn a_moved_tag_follows_its_origin_unless_it_is_the_one_that_runs() {
    let cloned = Cloned::new().await;
    let old = run(cloned.source.path(), &["rev-parse", "1.0.0+v1^{commit}"]);
    let new = commit(cloned.source.path(), "compose.yml", "services: {}\n");
    run(cloned.source.path(), &["tag", "-f", "-a", "-m", "again", "1.0.0+v1"]);
    run(cloned.source.path(), &["tag", "-f", "1.1.0+v1"]);
    cloned.fetch(Some("1.0.0+v1")).await;
    let tags = cloned.git.tags().await.unwrap();
    assert_eq!(tags[0].moved, Some(Moved { from: old, to: new }));
    assert_eq!(tags[1].moved, None);
    assert!(!cloned.is_there("1.0.0+v1:compose.yml").await);
    assert!(cloned.is_there("1.1.0+v1:compose.yml").await);
    cloned.fetch(None).await;
    assert!(cloned.git.tags().await.unwrap().iter().all(|tag| tag.moved.is_none()));
    assert!(cloned.is_there("1.0.0+v1:compose.yml").await);
}

#[tokio::test]
async fn a_tag_made_again_for_the_same_commit_has_not_moved() {
    let cloned = Cloned::new().await;
    run(cloned.source.path(), &["tag", "-f", "-a", "-m", "other words", "1.0.0+v1", "1.0.0+v1^{commit}"]);
    cloned.fetch(Some("1.0.0+v1")).await;
    assert_eq!(cloned.git.tags().await.unwrap()[0].moved, None);
}

#[tokio::test]
async fn a_tag_of_a_file_is_no_release_and_hides_no_other() {
    let cloned = Cloned::new().await;
    let file = run(cloned.source.path(), &["rev-parse", "HEAD:.env.sample"]);
    run(cloned.source.path(), &["tag", "-a", "-m", "odd", "0.9.0+v1", &file]);
    cloned.fetch(None).await;
    let tags = cloned.git.tags().await.unwrap();
    let annotated: Vec<_> = tags.iter().map(|tag| (tag.name.as_str(), tag.annotated)).collect();
    assert_eq!(annotated, [("0.9.0+v1", false), ("1.0.0+v1", true), ("1.1.0+v1", false)]);
}

#[tokio::test]
async fn only_a_fetch_that_succeeded_counts_as_one() {
    let cloned = Cloned::new().await;
    let before = cloned.git.fetched().unwrap();
    let away = cloned.source.path().with_extension("away");
    fs::rename(cloned.source.path(), &away).unwrap();
    cloned.git.fetch_from(&cloned.address(), None).await.unwrap_err();
    assert_eq!(cloned.git.fetched(), Some(before));
    // A fetch by hand empties git's own record at its start.
    Blocking::new("git").arg("-C").arg(cloned.path("")).args(["fetch", "--quiet"]).output().unwrap();
    assert_eq!(cloned.git.fetched(), None);
    fs::rename(away, cloned.source.path()).unwrap();
    cloned.fetch(None).await;
    assert!(cloned.git.fetched().unwrap() >= before);
}

#[tokio::test]
async fn damage_is_noticed_and_a_new_clone_mends_it() {
    let cloned = Cloned::new().await;
    let empty_files = |folder: &Path| {
        for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
            fs::write(file, "").unwrap();
        }
    };
    let damages: [(&str, &dyn Fn()); 9] = [
        ("an empty HEAD", &|| fs::write(cloned.path(".git/HEAD"), "").unwrap()),
        ("no HEAD", &|| fs::remove_file(cloned.path(".git/HEAD")).unwrap()),
        ("no objects", &|| {
            fs::remove_dir_all(cloned.path(".git/objects")).unwrap();
            fs::create_dir(cloned.path(".git/objects")).unwrap();
        }),
        ("empty objects", &|| empty_files(&cloned.path(".git/objects/pack"))),
        ("a lock of the index", &|| fs::write(cloned.path(".git/index.lock"), "").unwrap()),
        ("a lock of the configuration", &|| fs::write(cloned.path(".git/config.lock"), "").unwrap()),
        ("a lock of a tag", &|| fs::write(cloned.path(".git/refs/tags/1.2.0+v1.lock"), "").unwrap()),
        ("an empty tag", &|| fs::write(cloned.path(".git/refs/tags/1.2.0+v1"), "").unwrap()),
        ("an empty index", &|| fs::write(cloned.path(".git/index"), "").unwrap()),
    ];
    for (what, make) in damages {
        make();
        let is_read = async { cloned.git.tags().await.is_ok() && cloned.git.differences().await.is_ok() };
        assert!(cloned.git.damage().is_some() || !is_read.await, "{what}");
        cloned.git.clone_from(&cloned.address()).await.unwrap();
        assert_eq!(cloned.git.damage(), None, "{what}");
        assert_eq!(cloned.tag_names().await, ["1.0.0+v1", "1.1.0+v1"], "{what}");
        assert!(cloned.git.differences().await.unwrap().is_empty() && cloned.git.is_sound().await, "{what}");
    }
}

#[tokio::test]
async fn a_fetch_makes_a_clone_again_that_cannot_take_it_and_no_other() {
    let cloned = Cloned::new().await;
    commit(cloned.source.path(), "compose.yml", "services: {}\n");
    run(cloned.source.path(), &["tag", "-a", "-m", "next", "1.2.0+v1"]);
    fs::remove_dir_all(cloned.path(".git/objects")).unwrap();
    fs::create_dir(cloned.path(".git/objects")).unwrap();
    cloned.git.refresh(&cloned.address(), None).await.unwrap();
    assert_eq!(cloned.tag_names().await, ["1.0.0+v1", "1.1.0+v1", "1.2.0+v1"]);
    assert!(cloned.is_there("1.2.0+v1:compose.yml").await);

    fs::write(cloned.path("mine.yml"), "").unwrap();
    fs::rename(cloned.source.path(), cloned.here.path().join("away")).unwrap();
    cloned.git.refresh(&cloned.address(), None).await.unwrap_err();
    assert!(cloned.path("mine.yml").exists(), "a sound clone stays");
    fs::rename(cloned.here.path().join("away"), cloned.source.path()).unwrap();
}

#[tokio::test]
async fn a_damaged_clone_does_not_pass_for_the_repository_around_it() {
    let cloned = Cloned::new().await;
    run(cloned.here.path(), &["init", "--quiet"]);
    fs::write(cloned.path(".git/HEAD"), "garbage").unwrap();
    assert!(cloned.git.tags().await.unwrap_err().is_damage());
}

#[tokio::test]
async fn an_empty_object_is_damage() {
    let cloned = Cloned::new().await;
    let file = run(cloned.source.path(), &["rev-parse", "HEAD:.env.sample"]);
    // Loose objects, as after a small fetch.
    let pack = cloned.path("pack");
    fs::rename(cloned.path(".git/objects/pack"), &pack).unwrap();
    for packed in fs::read_dir(pack).unwrap().map(|entry| entry.unwrap().path()) {
        if packed.extension().is_some_and(|end| end == "pack") {
            let unpack = Blocking::new("git")
                .arg("-C")
                .arg(cloned.path(""))
                .args(["unpack-objects", "-q"])
                .stdin(fs::File::open(packed).unwrap())
                .status();
            assert!(unpack.unwrap().success());
        }
    }
    let object = cloned.path(&format!(".git/objects/{}/{}", &file[..2], &file[2..]));
    fs::remove_file(&object).unwrap();
    fs::write(&object, "").unwrap();
    assert!(!cloned.git.is_sound().await);
    let error = cloned.git.objects(&["HEAD:.env.sample".into()]).await.unwrap_err();
    assert!(error.is_damage(), "{error}");
}

#[tokio::test]
async fn a_changed_tree_is_seen_and_a_commit_checked_out() {
    let cloned = Cloned::new().await;
    let git = &cloned.git;
    assert!(git.differences().await.unwrap().is_empty());
    let first = git.objects(&["1.0.0+v1^{commit}".into()]).await.unwrap()[0].clone().unwrap().id;
    git.check_out(&first).await.unwrap();
    assert_eq!(run(&cloned.path(""), &["rev-parse", "HEAD"]), first);
    fs::write(cloned.path(".env.sample"), "changed").unwrap();
    fs::write(cloned.path("mine.yml"), "").unwrap();
    assert_eq!(git.differences().await.unwrap(), [" M .env.sample", "?? mine.yml"]);
}

#[tokio::test]
async fn an_address_that_does_not_answer_is_a_clear_error_and_leaves_nothing() {
    let here = tempfile::tempdir().unwrap();
    let git = Git::new(here.path().join("hello"), DEADLINE);
    let error = git.clone_from("/nowhere/at/all").await.unwrap_err();
    assert_eq!(error.to_string(), "git could not clone /nowhere/at/all");
    assert!(base::error::chain(&error).contains("does not exist"), "{}", base::error::chain(&error));
    assert_eq!(error.class(), Class::Transient);
    assert!(!git.exists());
}

#[test]
fn answers_that_make_no_sense_are_refused() {
    for answer in ["", "abc", "abc blob x\n", "abc blob 10\nshort\n", "abc\n"] {
        assert!(objects::read_object(answer.as_bytes()).is_none(), "{answer:?}");
    }
}
