//! Drone, on its worse days.

use insta::assert_snapshot;

use crate::story::{slow_story, story};
use doubles::Fault;
use doubles::Pipeline;

/// The first attempt to make the build fails in this way; there is one build in the end.
fn one_build_for_all_that(fault: Fault) {
    story(async |world| {
        world.network().drone.lasts = (90, 90);
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.fault("drone POST", fault);
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        let ran = world.builds().iter().filter(|line| line.contains("success")).count();
        assert_eq!((ran, world.became(&pr)), (1, vec!["reported"]), "{:?}", world.builds());
        assert_eq!(world.said(&pr).len(), 1);
    });
}

#[test]
fn no_connection() {
    one_build_for_all_that(Fault::Refused);
}

#[test]
fn an_answer_that_is_lost() {
    one_build_for_all_that(Fault::AnswerLost);
}

#[test]
fn an_answer_that_is_cut_off() {
    one_build_for_all_that(Fault::AnswerCut);
}

#[test]
fn no_answer_and_no_build() {
    one_build_for_all_that(Fault::Hangs);
}

#[test]
fn a_500_after_the_build_was_made() {
    one_build_for_all_that(Fault::DoesAndSays(500));
}

#[test]
fn a_500_and_no_build() {
    one_build_for_all_that(Fault::Says(500));
}

#[test]
fn half_an_answer() {
    one_build_for_all_that(Fault::DoesAndSaysHalf);
}

#[test]
fn a_page_instead_of_an_answer() {
    one_build_for_all_that(Fault::DoesAndSaysPage);
}

#[test]
fn a_null_and_a_build() {
    one_build_for_all_that(Fault::DoesAndSaysNull);
}

#[test]
fn too_many_requests() {
    one_build_for_all_that(Fault::Says(429));
}

#[test]
fn a_build_that_appears_within_the_wait() {
    one_build_for_all_that(Fault::Late(8));
}

#[test]
fn a_build_that_appears_after_the_look_is_cancelled() {
    story(async |world| {
        world.network().drone.lasts = (90, 90);
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.fault("drone POST", Fault::Late(45));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 for 2", "2 killed hello@1111111 for 2"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ✅ **Passed** · `11111111` · 1 min 30 s · [log](http://drone.test/recipes/ci/1)

          The run left no results; only Drone reports success.
        "###);
    });
}

#[test]
fn a_death_between_the_call_and_its_answer() {
    one_build_for_all_that(Fault::DiesAfter);
}

#[test]
fn a_death_before_the_call() {
    one_build_for_all_that(Fault::DiesBefore);
}

#[test]
fn drone_down_for_hours() {
    slow_story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("drone");
        alice.comments(&pr, "!testme");
        world.pass(6 * 3600).await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⏳ **Waiting for Drone** · `11111111`

          Drone cannot be reached. The bot tries again for up to 24 hours.
        "###);
        world.is_up_again();
        world.until_quiet().await;
        assert_eq!(world.builds().len(), 1);
    });
}

#[test]
fn drone_down_for_longer_than_anybody_waits() {
    slow_story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("drone");
        alice.comments(&pr, "!testme");
        world.pass(25 * 3600).await;
        world.is_up_again();
        world.until_quiet().await;
        assert!(world.builds().is_empty());
        assert_eq!(world.became(&pr), ["failed"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⚠️ **Not started** · `11111111`

          The build could not be started within 24 hours: Drone cannot be reached. Comment `!testme` to try again.
        "###);
    });
}

#[test]
fn a_pipeline_that_skips_custom_events_is_reported() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.network().drone.set_pipeline(Pipeline::NothingMatches);
        alice.comments(&pr, "!testme");
        world.pass(120).await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⏳ **Waiting for Drone** · `11111111`

          Drone finds no pipeline in the CI repository for this build. The bot tries again for up to 24 hours.
        "###);
        world.network().drone.set_pipeline(Pipeline::Fine);
        world.until_quiet().await;
        assert_eq!(world.builds().len(), 1);
    });
}

#[test]
fn there_is_no_pipeline_for_a_while() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.network().drone.set_pipeline(Pipeline::Missing);
        alice.comments(&pr, "!testme");
        world.pass(300).await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⏳ **Waiting for Drone** · `11111111`

          Drone does not answer in time. The bot tries again for up to 24 hours.
        "###);
        world.network().drone.set_pipeline(Pipeline::Fine);
        world.until_quiet().await;
        assert_eq!(world.builds().len(), 1);
    });
}

#[test]
fn a_broken_pipeline_is_an_error_at_once() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.network().drone.set_pipeline(Pipeline::Broken("yaml: unmarshal errors"));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 error ?@? for ?"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⚠️ **Could not be tested** · `11111111` · 0 s · [log](http://drone.test/recipes/ci/1)

          Drone could not run the build; the log shows the reason.
        "###);
    });
}

#[test]
fn a_deleted_build() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        world.network().drone.builds.clear();
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⚠️ **Deleted in Drone** · `11111111` · [log](http://drone.test/recipes/ci/1)

          The result is not known.
        "###);
    });
}

#[test]
fn a_build_that_fails() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.network().drone.fails = 100;
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ❌ **Failed** · `11111111` · 1 min · [log](http://drone.test/recipes/ci/1)
        "###);
    });
}

#[test]
fn more_builds_than_a_page_of_drones() {
    story(async |world| {
        world.network().drone.lasts = (1, 1);
        let alice = world.member("alice");
        let pr = world.pull("recipes/hello");
        for number in 1..=120 {
            alice.comments(&pr, "!testme");
            world.until("it is built", |world| world.network().drone.builds.len() == number).await;
            world.push(&pr);
            world.pass(12).await;
        }
        world.until_quiet().await;
        let lines = world.builds();
        let mut triggers: Vec<&str> = lines.iter().map(|line| line.rsplit(' ').next().unwrap()).collect();
        triggers.dedup();
        assert_eq!((lines.len(), triggers.len()), (120, 120));
    });
}
