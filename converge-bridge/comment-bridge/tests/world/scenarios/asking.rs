//! Commands that ask for tests or help.

use insta::assert_snapshot;

use crate::story::story;

#[test]
fn a_member_gets_one_build_and_one_comment() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ✅ **Passed** · `11111111` · 1 min · [log](http://drone.test/recipes/ci/1)

          The run left no results; only Drone reports success.
        "###);
        assert_eq!(world.builds(), ["1 success hello@1111111 for 2"]);
    });
}

#[test]
fn the_comment_tells_of_the_queue_the_run_and_the_end() {
    story(async |world| {
        let alice = world.member("alice");
        let prs = [1, 2, 3].map(|_| world.pull("recipes/hello"));
        for pr in &prs {
            alice.comments(pr, "!testme");
        }
        world.pass(20).await;
        assert_snapshot!(world.comments(&prs[0]), @r###"
          alice: !testme

          ci-bot: ▶️ **Running** · `11111111` · [live log](http://drone.test/recipes/ci/1)
        "###);
        assert_snapshot!(world.comments(&prs[2]), @r###"
          alice: !testme

          ci-bot: ⏳ **Queued** · `11111111` · [build in Drone](http://drone.test/recipes/ci/3)

          2 runs are ahead of this one.
        "###);
        world.until_quiet().await;
        assert_snapshot!(world.comments(&prs[2]), @r###"
          alice: !testme

          ci-bot: ✅ **Passed** · `11111111` · 1 min · [log](http://drone.test/recipes/ci/3)

          The run left no results; only Drone reports success.
        "###);
    });
}

#[test]
fn quick_is_told_to_the_build_and_in_the_comment() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme --quick");
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 quick for 2"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme --quick

          ci-bot: ⚡ **Passed the quick run** · `11111111` · 1 min · [log](http://drone.test/recipes/ci/1)

          The run left no results; only Drone reports success.

          Quick run: only install and custom tests, so of lower confidence. `!testme` runs all tests.
        "###);
        let params = world.network().drone.builds[&1].params.clone();
        assert_snapshot!(format!("{params:#?}"), @r###"
          {
              "CCCI_QUICK": "1",
              "PR": "1",
              "RECIPE": "hello",
              "REF": "1111111111111111111111111111111111111111",
              "SRC": "recipes/hello",
              "STAGES": "install,custom",
              "TRIGGER": "2",
          }
        "###);
    });
}

#[test]
fn a_whole_run_has_every_rung() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        let params = world.network().drone.builds[&1].params.clone();
        assert_snapshot!(format!("{params:#?}"), @r###"
          {
              "CCCI_QUICK": "0",
              "PR": "1",
              "RECIPE": "hello",
              "REF": "1111111111111111111111111111111111111111",
              "SRC": "recipes/hello",
              "STAGES": "install,upgrade,backup,restore,custom",
              "TRIGGER": "2",
          }
        "###);
    });
}

#[test]
fn help_is_given_and_nothing_built() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme help");
        world.until_quiet().await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme help

          ci-bot: **How to test this pull request**

          | comment | effect |
          |:--|:--|
          | `!testme` | tests the head commit: install, upgrade, backup, restore, custom tests, lint |
          | `!testme --quick` | runs only install and custom tests: faster, of lower confidence, never counts as passed |
          | `!testme cancel` | cancels the waiting and running runs of this pull request |
          | `!testme help` | shows this help |

          Write one command alone in a comment. Members of `recipes` may use the commands.
        "###);
        assert!(world.builds().is_empty());
    });
}

#[test]
fn something_else_is_answered_with_help() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme now, please");
        world.until_quiet().await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme now, please

          ci-bot: **Unknown command.** These commands exist:

          | comment | effect |
          |:--|:--|
          | `!testme` | tests the head commit: install, upgrade, backup, restore, custom tests, lint |
          | `!testme --quick` | runs only install and custom tests: faster, of lower confidence, never counts as passed |
          | `!testme cancel` | cancels the waiting and running runs of this pull request |
          | `!testme help` | shows this help |

          Write one command alone in a comment. Members of `recipes` may use the commands.
        "###);
        assert!(world.builds().is_empty());
    });
}

#[test]
fn prose_is_left_alone() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        for prose in ["!testmexyz", "Shall we !testme this?", "> !testme", "`!testme`", "testme"] {
            alice.comments(&pr, prose);
        }
        world.until_quiet().await;
        assert!(world.said(&pr).is_empty() && world.builds().is_empty() && world.became(&pr).is_empty());
    });
}

#[test]
fn a_second_one_on_the_same_head_joins_the_first() {
    story(async |world| {
        let (alice, bob, pr) = (world.member("alice"), world.member("bob"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        bob.comments(&pr, "!testme");
        world.pass(20).await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ▶️ **Running** · `11111111` · [live log](http://drone.test/recipes/ci/1)

          A run of this commit is already in progress, so no second one was started.

          bob: !testme
        "###);
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 for 2"]);
        assert_eq!(world.became(&pr), ["reported", "joined"]);
        assert_eq!(world.said(&pr).len(), 1);
    });
}

#[test]
fn a_quick_one_does_not_join_a_whole_one() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        alice.comments(&pr, "!testme --quick");
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 for 2", "2 success hello@1111111 quick for 4"]);
    });
}

#[test]
fn a_second_one_on_a_new_head_is_built_too() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        world.push(&pr);
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 for 2", "2 success hello@2222222 for 5"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ✅ **Passed** · `22222222` · 1 min · [log](http://drone.test/recipes/ci/2)

          The run left no results; only Drone reports success.

          <sub>Other runs: [passed](http://drone.test/recipes/ci/1) `11111111`</sub>

          alice: !testme
        "###);
    });
}

#[test]
fn another_one_after_the_end_is_built_again() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.builds().len(), 2);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ✅ **Passed** · `11111111` · 1 min · [log](http://drone.test/recipes/ci/2)

          The run left no results; only Drone reports success.

          <sub>Other runs: [passed](http://drone.test/recipes/ci/1) `11111111`</sub>

          alice: !testme
        "###);
    });
}

#[test]
fn a_head_that_changed_meanwhile_is_said() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(20).await;
        world.push(&pr);
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 for 2"]);
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ✅ **Passed** · `11111111` · 1 min · [log](http://drone.test/recipes/ci/1)

          The run left no results; only Drone reports success.

          The head of the pull request is now `22222222`. Comment `!testme` to test it.
        "###);
    });
}

#[test]
fn a_draft_is_built() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.change(&pr, |it| it.title = "WIP: try it".into());
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
    });
}

#[test]
fn a_pull_request_whose_fork_is_gone_is_built() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.change(&pr, |it| it.fork_is_gone = true);
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
    });
}
