//! Commands that cancel.

use insta::assert_snapshot;

use crate::story::story;
use doubles::{ClockOf, Fault};

#[test]
fn a_run_of_a_pull_request_that_was_merged_is_cancelled_all_the_same() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until("it runs", |world| world.said(&pr).iter().any(|it| it.contains("unning"))).await;
        world.change(&pr, |it| (it.is_closed, it.is_merged) = (true, true));
        alice.comments(&pr, "!testme cancel");
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported", "answered"]);
        assert_eq!(world.builds(), ["1 killed hello@1111111 for 2"]);
    });
}

#[test]
fn a_running_build_is_cancelled() {
    story(async |world| {
        let (alice, bob, pr) = (world.member("alice"), world.member("bob"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        bob.comments(&pr, "!testme cancel");
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 killed hello@1111111 for 2"]);
        assert_eq!(world.became(&pr), ["reported", "answered"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⏹️ **Cancelled** · `11111111` · 20 s · [log](http://drone.test/recipes/ci/1)

          bob: !testme cancel
        "###);
    });
}

#[test]
fn a_queued_build_is_cancelled_before_it_runs() {
    story(async |world| {
        let alice = world.member("alice");
        let prs = [1, 2, 3].map(|_| world.pull("recipes/hello"));
        for pr in &prs {
            alice.comments(pr, "!testme");
        }
        world.pass(15).await;
        alice.comments(&prs[2], "!testme cancel");
        world.until_quiet().await;
        let ended: Vec<String> = world.builds().iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
        assert_eq!(ended.iter().filter(|status| *status == "killed").count(), 1);
        assert_eq!(world.became(&prs[2]), ["reported", "answered"]);
    });
}

#[test]
fn a_cancelled_trigger_without_a_build_gets_none() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("drone");
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        alice.comments(&pr, "!testme cancel");
        world.pass(20).await;
        world.is_up_again();
        world.until_quiet().await;
        assert!(world.builds().is_empty());
        assert_eq!(world.became(&pr), ["cancelled", "answered"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⏹️ **Cancelled** · `11111111`

          alice: !testme cancel
        "###);
    });
}

#[test]
fn both_in_one_breath_is_no_build_that_runs() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        alice.comments(&pr, "!testme cancel");
        world.until_quiet().await;
        assert!(world.builds().iter().all(|line| line.contains("killed")), "{:?}", world.builds());
        assert_eq!(world.became(&pr)[1], "answered");
    });
}

#[test]
fn a_later_trigger_is_not_cancelled() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        alice.comments(&pr, "!testme cancel");
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        let ran: Vec<String> = world.builds().into_iter().filter(|line| line.contains("success")).collect();
        assert_eq!(ran.len(), 1, "{:?}", world.builds());
        assert!(ran[0].ends_with("for 4"));
    });
}

#[test]
fn a_cancel_without_a_build_is_answered() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme cancel");
        world.until_quiet().await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme cancel

          ci-bot: There is nothing to cancel: no run of this pull request is waiting or running.
        "###);
    });
}

#[test]
fn a_strangers_cancel_is_nothing() {
    story(async |world| {
        let (alice, sam, pr) = (world.member("alice"), world.stranger("sam"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        sam.comments(&pr, "!testme cancel");
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 for 2"]);
    });
}

#[test]
fn other_pull_requests_go_on() {
    story(async |world| {
        let (alice, one, other) = (world.member("alice"), world.pull("recipes/hello"), world.pull("recipes/hello"));
        alice.comments(&one, "!testme");
        alice.comments(&other, "!testme");
        world.pass(20).await;
        alice.comments(&one, "!testme cancel");
        world.until_quiet().await;
        assert_eq!(world.builds().iter().filter(|line| line.contains("success")).count(), 1);
        assert_eq!(world.builds().iter().filter(|line| line.contains("killed")).count(), 1);
    });
}

#[test]
fn a_cancel_whose_answer_is_lost_is_seen_all_the_same() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        world.faults("drone DELETE", 2, Fault::AnswerLost);
        alice.comments(&pr, "!testme cancel");
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 killed hello@1111111 for 2"]);
        assert_eq!(world.became(&pr), ["reported", "answered"]);
    });
}

#[test]
fn a_build_cancelled_in_drone_is_told_so() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        {
            let mut network = world.network();
            let now = network.clocks.now(ClockOf::Drone);
            network.drone.cancel(1, now);
        }
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⏹️ **Cancelled** · `11111111` · 17 s · [log](http://drone.test/recipes/ci/1)
        "###);
    });
}
