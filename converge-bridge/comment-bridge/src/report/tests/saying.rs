//! What is said when all goes well.

use super::world::{HEAD, OTHER, World, pull};
use crate::trigger::{Outcome, StateKind};

#[tokio::test(start_paused = true)]
async fn a_run_is_one_comment_from_its_beginning_to_its_end() {
    let world = World::new();
    world.test(11);
    world.run(1).await;
    assert!(world.one().contains("Waiting"));
    world.queued(11, 2);
    world.run(1).await;
    assert!(world.one().contains("2 runs are ahead of this one"));
    world.running(11);
    world.run(1).await;
    assert!(world.one().contains("**Running**"));
    world.ended(11, Outcome::Passed);
    world.run(1).await;
    assert!(world.one().contains("**Passed**"));
    assert_eq!((world.kind(11), world.is_silent()), (StateKind::Reported, true));
    let told: Vec<String> = world
        .forge
        .network()
        .gitea
        .statuses
        .iter()
        .map(|it| format!("{} {}", &it.commit[..4], it.sent["state"]))
        .collect();
    assert_eq!(told, ["1111 \"pending\"", "1111 \"pending\"", "1111 \"pending\"", "1111 \"success\""]);
    let calls = world.forge.network().calls.len();
    world.run(600).await;
    assert_eq!(world.forge.network().calls.len(), calls, "nothing is asked when there is nothing to say");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_met_with_silence() {
    let world = World::new();
    world.stranger(11);
    world.run(60).await;
    assert_eq!((world.forge.network().calls.len(), world.is_silent()), (0, true));
    world.test(12);
    world.run(10).await;
    let before = world.one();
    world.stranger(13);
    world.run(10).await;
    assert_eq!((world.one(), world.forge.calls("PATCH")), (before, 0));
}

#[tokio::test(start_paused = true)]
async fn a_phase_is_told_while_it_runs() {
    let world = World::new();
    world.test(11);
    world.running(11);
    world.run(1).await;
    world.phase(11, "install");
    world.run(15).await;
    assert!(world.one().contains("Now: `install`"), "{}", world.one());
    world.phase(11, "upgrade");
    world.run(15).await;
    assert!(world.one().contains("Now: `upgrade`"));
    assert_eq!(world.forge.calls("PATCH"), 2);
    world.run(120).await;
    assert_eq!((world.forge.calls("PATCH"), world.forge.calls("GET")), (2, 1), "an old phase is no news");
}

#[tokio::test(start_paused = true)]
async fn small_changes_are_told_calmly_and_great_ones_at_once() {
    let world = World::new();
    world.test(11);
    world.queued(11, 9);
    let task = async {
        for before in (0..9).rev() {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            world.queued(11, before);
        }
        world.running(11);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert!(world.one().contains("Running"));
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    };
    tokio::select! {
        () = crate::report::run(&world.bridge) => {},
        () = task => {},
    }
    assert!(world.forge.calls("PATCH") <= 4, "{:?}", world.forge.network().calls);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_moved_on_is_said_at_the_end() {
    let world = World::new();
    world.test(11);
    world.running(11);
    world.run(1).await;
    world.forge.push(1, OTHER);
    world.ended(11, Outcome::Failed);
    world.run(5).await;
    assert!(world.one().contains("The head of the pull request is now `22222222`."), "{}", world.one());
    assert_eq!(world.forge.calls("GET refs"), 1);
}

#[tokio::test(start_paused = true)]
async fn each_commit_has_its_own_status() {
    let world = World::new();
    world.test(11);
    world.running(11);
    world.test_of(pull(1), 12, OTHER);
    world.queued(12, 1);
    world.run(5).await;
    world.ended(11, Outcome::Failed);
    world.run(5).await;
    world.running(12);
    world.ended(12, Outcome::Passed);
    world.run(10).await;
    let last = |commit: &str| {
        let network = world.forge.network();
        network.gitea.statuses.iter().rfind(|it| it.commit == commit).map(|it| it.sent["state"].clone()).unwrap()
    };
    assert_eq!((last(HEAD), last(OTHER)), ("failure".into(), "success".into()));
    assert_eq!((world.kind(11), world.kind(12)), (StateKind::Reported, StateKind::Reported));
}

#[tokio::test(start_paused = true)]
async fn our_comment_is_found_without_a_ledger() {
    let before = World::new();
    before.test(11);
    before.run(1).await;
    let world = World::new();
    world.forge.write(1, "ci-bot", "Something else that the bot's account says");
    world.forge.write(1, "eve", &before.one());
    world.forge.write(1, "CI-Bot", &before.one());
    world.forge.write(1, "ci-bot", &format!("> {}\n\nquoted", before.one()));
    world.test(12);
    world.run(5).await;
    assert_eq!((world.forge.calls("POST issues"), world.forge.calls("PATCH")), (0, 1));
    let comments: Vec<_> = world.forge.network().gitea.comments.values().cloned().collect();
    assert!(comments[2].body.contains("\"trigger\":12") && comments[1].body.contains("\"trigger\":11"));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_comment_is_written_again_only_with_news() {
    let world = World::new();
    world.test(11);
    world.queued(11, 3);
    world.run(1).await;
    world.forge.network().gitea.comments.clear();
    world.queued(11, 2);
    world.run(30).await;
    assert!(world.forge.said(1).is_empty());
    world.queued(11, 1);
    world.run(30).await;
    assert!(world.forge.said(1).is_empty());
    world.running(11);
    world.run(5).await;
    assert!(world.one().contains("Running"));
}
