use std::process::Command as Blocking;

use tempfile::TempDir;

use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

fn run(directory: &Path, arguments: &[&str]) {
    let status = Blocking::new("git")
        .arg("-C")
        .arg(directory)
        .args(["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .status()
        .unwrap();
    assert!(status.success(), "git {arguments:?}");
}

/// A repository with an annotated tag, a lightweight tag and a release note.
fn source() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    run(path, &["init", "--quiet"]);
    fs::write(path.join(".env.sample"), "TYPE=hello\n").unwrap();
    run(path, &["add", "."]);
    run(path, &["commit", "--quiet", "-m", "first"]);
    run(path, &["tag", "-a", "-m", "first", "1.0.0+v1"]);
    fs::create_dir(path.join("release")).unwrap();
    fs::write(path.join("release/1.1.0+v1"), "Nothing to do.\n").unwrap();
    run(path, &["add", "."]);
    run(path, &["commit", "--quiet", "-m", "second"]);
    run(path, &["tag", "1.1.0+v1"]);
    folder
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
    let mut tags = git.tags().await.unwrap();
    tags.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(
        tags,
        [Tag { name: "1.0.0+v1".into(), annotated: true }, Tag { name: "1.1.0+v1".into(), annotated: false }]
    );
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
    assert_eq!(git.head().await.unwrap().as_ref(), Some(&commit.id));
}

#[tokio::test]
async fn new_tags_are_fetched_and_a_new_origin_is_remembered() {
    let (source, here) = (source(), tempfile::tempdir().unwrap());
    let git = Git::new(here.path().join("hello"), DEADLINE);
    git.clone_from(source.path().to_str().unwrap()).await.unwrap();
    let before = git.fetched().unwrap();
    run(source.path(), &["tag", "-a", "-m", "third", "1.2.0+v1"]);
    let moved = format!("file://{}", source.path().display());
    git.fetch_from(&moved).await.unwrap();
    assert!(git.tags().await.unwrap().iter().any(|tag| tag.name == "1.2.0+v1" && tag.annotated));
    assert_eq!(git.origin().await.unwrap(), Some(moved));
    assert!(git.fetched().unwrap() >= before);
}

#[tokio::test]
async fn a_changed_tree_is_seen_and_a_commit_checked_out() {
    let (source, here) = (source(), tempfile::tempdir().unwrap());
    let git = Git::new(here.path().join("hello"), DEADLINE);
    git.clone_from(source.path().to_str().unwrap()).await.unwrap();
    assert!(git.differences().await.unwrap().is_empty());
    let first = git.objects(&["1.0.0+v1^{commit}".into()]).await.unwrap()[0].clone().unwrap().id;
    git.check_out(&first).await.unwrap();
    assert_eq!(git.head().await.unwrap(), Some(first));
    fs::write(here.path().join("hello/.env.sample"), "changed").unwrap();
    assert_eq!(git.differences().await.unwrap(), [" M .env.sample"]);
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
        assert!(read_object(answer.as_bytes()).is_none(), "{answer:?}");
    }
}
