//! Runs that end because of the server, not of the recipe.

use insta::assert_snapshot;
use serde_json::json;

use crate::story::{Person, World, slow_story, story};
use http::names::Pull;

/// A member has commented on a pull request.
fn tested(world: &World) -> (Person<'_>, Pull) {
    let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
    alice.comments(&pr, "!testme");
    (alice, pr)
}

/// The results of a run that the server spoilt.
fn spoilt(world: &World, build: i64, fault: &str) {
    let results = json!({
        "schema": 3, "run_id": build.to_string(), "recipe": "hello", "ref": "1".repeat(40), "pr": 1, "mode": "full",
        "state": "done", "verdict": "error", "fault": fault, "error": {"message": "Docker does not answer"},
    });
    world.results(build, &results);
}

/// The first build ends so. An error is one of its file: no stage was begun.
fn ends(world: &World, status: &str) {
    let mut network = world.network();
    let now = network.clocks.now(doubles::ClockOf::Drone);
    network.drone.builds.get_mut(&1).unwrap().error = (status == "error").then_some("yaml: line 3");
    network.drone.set(1, status, now);
}

/// The end of a build that its runner ended.
fn is_ended_by_its_runner(world: &World, build: i64) {
    let mut network = world.network();
    let now = network.clocks.now(doubles::ClockOf::Drone);
    network.drone.builds.get_mut(&build).unwrap().is_ended_by_runner = true;
    network.drone.set(build, "error", now);
}

#[test]
fn a_run_that_its_runner_ended_is_run_once_more() {
    story(async |world| {
        let (_, pr) = tested(world);
        world.pass(20).await;
        is_ended_by_its_runner(world, 1);
        world.pass(20).await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ▶️ **Running** · `11111111` · [live log](http://drone.test/recipes/ci/2)

          The [first run](http://drone.test/recipes/ci/1) ended because of the server, not of the recipe, so it is run once more.
        "###);
        world.until_quiet().await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ✅ **Passed** · `11111111` · 1 min · [log](http://drone.test/recipes/ci/2)

          The run left no results; only Drone reports success.

          The [first run](http://drone.test/recipes/ci/1) ended because of the server, not of the recipe, so it was run once more.
        "###);
        assert_eq!(world.builds(), ["1 error hello@1111111 for 2", "2 success hello@1111111 for 2"]);
        assert_eq!(world.network().drone.builds[&2].params["ATTEMPT"], "2");
        assert!(!world.network().drone.builds[&1].params.contains_key("ATTEMPT"));
    });
}

#[test]
fn a_second_run_is_the_last_one() {
    story(async |world| {
        world.network().drone.breaks = 100;
        let (alice, pr) = tested(world);
        world.until_quiet().await;
        assert_eq!((world.builds().len(), world.became(&pr)), (2, vec!["reported"]));
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⚠️ **Could not be tested** · `11111111` · 1 min · [log](http://drone.test/recipes/ci/2)

          Drone could not run the build; the log shows the reason.

          The [first run](http://drone.test/recipes/ci/1) ended because of the server, not of the recipe, so it was run once more.
        "###);
        world.network().drone.breaks = 0;
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.builds()[2..], ["3 success hello@1111111 for 4"]);
    });
}

#[test]
fn a_run_that_says_that_the_server_failed_is_run_once_more() {
    for (fault, builds) in [("server", 2), ("recipe", 1)] {
        story(async |world| {
            world.network().drone.fails = 100;
            spoilt(world, 1, fault);
            let (_, pr) = tested(world);
            world.until_quiet().await;
            assert_eq!((world.builds().len(), world.became(&pr)), (builds, vec!["reported"]), "{fault}");
        });
    }
}

#[test]
fn a_cancelled_or_failed_build_is_not_run_again() {
    for status in ["failure", "killed", "error", "declined"] {
        story(async |world| {
            let (_, pr) = tested(world);
            world.pass(20).await;
            ends(world, status);
            world.until_quiet().await;
            assert_eq!((world.builds().len(), world.became(&pr)), (1, vec!["reported"]), "{status}");
        });
    }
}

#[test]
fn a_cancel_ends_the_second_run_too() {
    story(async |world| {
        let (alice, pr) = tested(world);
        world.pass(20).await;
        is_ended_by_its_runner(world, 1);
        world.pass(20).await;
        alice.comments(&pr, "!testme cancel");
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 error hello@1111111 for 2", "2 killed hello@1111111 for 2"]);
    });
}

#[test]
fn a_second_run_is_not_begun_for_who_has_left_or_on_a_closed_pull_request() {
    for has_left in [true, false] {
        story(async |world| {
            let (alice, pr) = tested(world);
            world.pass(20).await;
            if has_left {
                alice.leaves();
            } else {
                world.close(&pr);
            }
            is_ended_by_its_runner(world, 1);
            world.until_quiet().await;
            assert_eq!((world.builds().len(), world.became(&pr)), (1, vec!["cancelled"]), "left: {has_left}");
        });
    }
}

#[test]
fn a_run_whose_end_is_never_told_is_run_once_more_and_hinders_no_new_one() {
    slow_story(async |world| {
        world.network().drone.loses = 100;
        let (alice, pr) = tested(world);
        world.pass(74 * 60).await;
        assert_eq!((world.became(&pr), world.builds().len()), (vec!["building"], 1));
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 killed hello@1111111 for 2", "2 killed hello@1111111 for 2"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⚠️ **Could not be tested** · `11111111` · [log](http://drone.test/recipes/ci/2)

          Drone did not report the end of the run within its timeout. The bot ended the run.

          The [first run](http://drone.test/recipes/ci/1) ended because of the server, not of the recipe, so it was run once more.
        "###);
        world.network().drone.loses = 0;
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported", "reported"]);
        assert_eq!(world.builds()[2..], ["3 success hello@1111111 for 4"]);
    });
}
