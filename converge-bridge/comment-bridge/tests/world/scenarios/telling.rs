//! The webhook, beside the poll.

use std::time::Duration;

use crate::story::story;

#[test]
fn a_delivery_before_the_poll() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        // Nothing but the webhook finds anything.
        world.is_down("search");
        let comment = alice.comments(&pr, "!testme");
        world.hook(comment, "created").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(world.builds().len(), 1);
        world.is_up_again();
        world.until_quiet().await;
        assert_eq!((world.builds().len(), world.became(&pr)), (1, vec!["reported"]));
    });
}

#[test]
fn a_delivery_after_the_poll() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        let comment = alice.comments(&pr, "!testme");
        world.pass(20).await;
        world.hook(comment, "created").await;
        world.until_quiet().await;
        world.hook(comment, "created").await;
        world.until_quiet().await;
        assert_eq!((world.builds().len(), world.became(&pr)), (1, vec!["reported"]));
    });
}

#[test]
fn a_delivery_repeated_ten_times() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        let comment = alice.comments(&pr, "!testme");
        for _ in 0..10 {
            world.hook(comment, "created").await;
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        world.until_quiet().await;
        assert_eq!((world.builds().len(), world.became(&pr)), (1, vec!["reported"]));
    });
}

#[test]
fn deliveries_of_edits_and_deletions_are_ignored() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("search");
        let comment = alice.comments(&pr, "!testme");
        world.hook(comment, "edited").await;
        world.hook(comment, "deleted").await;
        world.pass(20).await;
        assert!(world.became(&pr).is_empty());
    });
}

#[test]
fn deliveries_of_strangers_and_other_repositories() {
    story(async |world| {
        world.organisation("others");
        world.repository("others/thing");
        let (alice, sam) = (world.member("alice"), world.stranger("sam"));
        let (pr, other) = (world.pull("recipes/hello"), world.pull("others/thing"));
        let comments = [sam.comments(&pr, "!testme"), alice.comments(&other, "!testme")];
        for comment in comments {
            world.hook(comment, "created").await;
        }
        world.until_quiet().await;
        assert!(world.builds().is_empty() && world.said(&pr).is_empty() && world.became(&other).is_empty());
    });
}
