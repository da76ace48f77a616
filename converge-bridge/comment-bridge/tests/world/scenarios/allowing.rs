//! Who may, and where.

use insta::assert_snapshot;

use crate::story::{in_time, slow_story, story};
use doubles::BOT;
use doubles::Fault;

#[test]
fn a_stranger_is_not_answered() {
    story(async |world| {
        let (sam, pr) = (world.stranger("sam"), world.pull("recipes/hello"));
        for words in ["!testme", "!testme help", "!testme cancel", "!testme what"] {
            sam.comments(&pr, words);
        }
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["refused"; 4]);
        assert!(world.said(&pr).is_empty() && world.builds().is_empty());
    });
}

#[test]
fn a_login_on_the_allow_list_is_authorised() {
    in_time(0, async |world| {
        world.settings.borrow_mut().allow.push("sam".into());
        world.starts();
        world.pass(2).await;
        let (sam, pr) = (world.stranger("sam"), world.pull("recipes/hello"));
        sam.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
        assert!(world.calls("members").is_empty());
    });
}

#[test]
fn an_organisation_that_hides_its_members_is_a_problem_and_no_refusal() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.network().gitea.organisations.get_mut("recipes").unwrap().members.remove(BOT);
        alice.comments(&pr, "!testme");
        world.pass(60).await;
        assert_eq!(world.became(&pr), ["seen"]);
        assert_snapshot!(world.problems().join("\n"), @"decide: Gitea does not show the organisation's members to the bot: recipes/hello#1, comment 2: the bot `ci-bot` is not a member of the organisation `recipes`, so it cannot see the members; add it there");
        world.organisation("recipes");
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
        assert!(world.problems().is_empty());
    });
}

#[test]
fn an_error_is_no_refusal() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.faults("members", 3, Fault::Says(500));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
    });
}

#[test]
fn a_member_who_left_during_an_outage_gets_no_build() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("drone");
        alice.comments(&pr, "!testme");
        world.pass(300).await;
        assert_eq!(world.became(&pr), ["authorised"]);
        alice.leaves();
        world.is_up_again();
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["cancelled"]);
        assert!(world.builds().is_empty());
        // It does not go on saying that it waits.
        assert!(world.said(&pr)[0].contains("**Cancelled**"), "{:?}", world.said(&pr));
    });
}

#[test]
fn a_joined_trigger_is_built_when_the_first_is_deleted() {
    story(async |world| {
        let (alice, bob, pr) = (world.member("alice"), world.member("bob"), world.pull("recipes/hello"));
        world.is_down("drone");
        let first = alice.comments(&pr, "!testme");
        world.pass(20).await;
        let second = bob.comments(&pr, "!testme");
        world.pass(300).await;
        assert_eq!(world.became(&pr), ["authorised", "joined"]);
        alice.deletes(first);
        world.is_up_again();
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["cancelled", "reported"]);
        assert_eq!(world.builds(), [format!("1 success hello@1111111 for {second}")]);
    });
}

#[test]
fn a_build_after_an_outage_has_the_approved_head() {
    slow_story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("drone");
        alice.comments(&pr, "!testme");
        world.pass(120).await;
        world.push(&pr);
        world.pass(3 * 3600).await;
        world.is_up_again();
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 for 2"]);
    });
}

#[test]
fn a_closed_pull_request_is_not_built() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        // It is closed between the poll that finds the comment and the look at it.
        world.fault("GET pulls/1", Fault::Says(500));
        alice.comments(&pr, "!testme");
        world.until("it is seen", |world| !world.became(&pr).is_empty()).await;
        world.close(&pr);
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["refused"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: No run was started: this pull request is closed. Reopen it to test it.
        "###);
    });
}

#[test]
fn a_comment_after_the_end_of_a_pull_request_starts_nothing() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.change(&pr, |it| (it.is_closed, it.is_merged) = (true, true));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert!(world.said(&pr)[0].contains("this pull request is closed") && world.builds().is_empty());
    });
}

#[test]
fn an_archived_repository_is_not_built() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.network().gitea.repositories.get_mut("recipes/hello").unwrap().is_archived = true;
        world.pass(60).await;
        assert_eq!(world.became(&pr), ["refused"]);
        assert!(world.builds().is_empty() && world.said(&pr).is_empty());
    });
}

#[test]
fn the_bots_own_words_are_nothing() {
    story(async |world| {
        let pr = world.pull("recipes/hello");
        world.member(BOT).comments(&pr, "!testme");
        world.until_quiet().await;
        assert!(world.became(&pr).is_empty() && world.builds().is_empty());
    });
}

#[test]
fn an_error_of_gitea_is_not_published_when_the_author_is_checked_again() {
    slow_story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("drone");
        alice.comments(&pr, "!testme");
        world.pass(300).await;
        assert_eq!(world.became(&pr), ["authorised"]);
        world.faults("members", 10_000, Fault::SaysBody(500, "{\"message\": \"dial tcp 10.0.0.7:5432\"}"));
        world.is_up_again();
        world.pass(300).await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⏳ **Waiting for Gitea** · `11111111`

          Gitea answers with error 500. The bot tries again for up to 24 hours.
        "###);
        let problems = world.problems().join("\n");
        assert!(problems.contains("dial tcp 10.0.0.7:5432") && problems.contains("GET http"), "{problems}");
    });
}
