//! Built is the head that the pull request had when the comment was written, and no other.

use insta::assert_snapshot;

use crate::story::{id, slow_story, story};

/// The comment after a push that came later.
const MOVED: &str = "No run was started: the pull request may have new commits since the comment. Its head is now \
                     `22222222`. Comment `!testme` to test it.";

#[test]
fn a_push_in_the_second_of_the_comment_is_not_built() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.push(&pr);
        world.until_quiet().await;
        assert_eq!((world.builds().len(), world.became(&pr)), (0, vec!["refused"]));
        assert!(world.comments(&pr).ends_with(MOVED), "{}", world.comments(&pr));
    });
}

#[test]
fn a_push_in_the_second_before_the_comment_is_built() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.push(&pr);
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@2222222 for 3"]);
    });
}

#[test]
fn a_push_an_hour_later_while_gitea_is_away_is_not_built() {
    slow_story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.is_down("gitea");
        world.pass(3600).await;
        world.push(&pr);
        world.pass(60).await;
        world.is_up_again();
        world.until_quiet().await;
        assert!(world.builds().is_empty(), "{:?}", world.builds());
        assert!(world.comments(&pr).ends_with(MOVED), "{}", world.comments(&pr));
    });
}

#[test]
fn a_push_three_hours_later_while_the_bridge_is_down_is_not_built() {
    slow_story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.stops().await;
        alice.comments(&pr, "!testme");
        world.pass(3 * 3600).await;
        world.push(&pr);
        world.starts();
        world.until_quiet().await;
        assert!(world.builds().is_empty(), "{:?}", world.builds());
        assert!(world.comments(&pr).ends_with(MOVED), "{}", world.comments(&pr));
    });
}

#[test]
fn a_push_whose_event_is_not_written_yet_is_not_built() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.move_head(&pr);
        world.pass(20).await;
        world.note_push(&pr);
        world.until_quiet().await;
        assert!(world.builds().is_empty(), "{:?}", world.builds());
    });
}

#[test]
fn the_next_comment_tests_the_new_head() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.push(&pr);
        world.until_quiet().await;
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["refused", "reported"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ✅ **Passed** · `22222222` · 1 min · [log](http://drone.test/recipes/ci/1)

          The run left no results; only Drone reports success.

          alice: !testme
        "###);
    });
}

#[test]
fn a_push_after_the_delivery_is_not_built() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("gitea");
        let comment = alice.comments(&pr, "!testme");
        world.hook(comment, "created").await;
        world.pass(30).await;
        world.push(&pr);
        world.is_up_again();
        world.until_quiet().await;
        assert!(world.builds().is_empty(), "{:?}", world.builds());
        assert!(world.comments(&pr).ends_with(MOVED), "{}", world.comments(&pr));
    });
}

#[test]
fn a_push_that_gitea_notes_after_the_delivery_is_built() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.move_head(&pr);
        let comment = alice.comments(&pr, "!testme");
        world.note_push(&pr);
        world.hook(comment, "created").await;
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@2222222 for 2"]);
    });
}

#[test]
fn a_head_that_a_fork_claims_is_not_built() {
    for delivered in [false, true] {
        story(async |world| {
            let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
            world.change(&pr, |it| it.claimed_head = Some("e".repeat(40)));
            let comment = alice.comments(&pr, "!testme");
            if delivered {
                world.hook(comment, "created").await;
            }
            world.until_quiet().await;
            assert_eq!(world.builds(), ["1 success hello@1111111 for 2"], "delivered: {delivered}");
            assert!(!world.comments(&pr).contains("eeeeeeee"), "{}", world.comments(&pr));
        });
    }
}

#[test]
fn a_pull_request_without_events_of_its_pushes_is_tested_by_the_second_comment() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.network().gitea.pulls.get_mut(&id(&pr)).unwrap().pushes.clear();
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!((world.builds().len(), world.became(&pr)), (0, vec!["refused"]));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["refused", "reported"]);
    });
}

#[test]
fn a_build_that_waits_for_drone_keeps_the_head_of_its_comment() {
    slow_story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("drone");
        let comment = alice.comments(&pr, "!testme");
        world.until("it is authorised", |world| world.became(&pr) == ["authorised"]).await;
        world.push(&pr);
        world.pass(600).await;
        world.is_up_again();
        world.until_quiet().await;
        assert_eq!(world.builds(), [format!("1 success hello@1111111 for {comment}")]);
    });
}
