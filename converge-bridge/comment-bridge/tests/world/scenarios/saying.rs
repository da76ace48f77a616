//! The one comment.

use comment_bridge::testing::Gauges;
use insta::assert_snapshot;
use serde_json::json;

use crate::story::story;
use doubles::BOT;
use doubles::Fault;

/// The first write of the comment fails in this way; there is one comment in the end, with the verdict.
fn one_comment_for_all_that(fault: Fault) {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.fault("gitea POST comments", fault);
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        let said = world.said(&pr);
        assert_eq!(said.len(), 1, "{said:#?}");
        assert!(said[0].contains("Passed"), "{said:#?}");
    });
}

#[test]
fn the_answer_to_a_write_is_lost() {
    one_comment_for_all_that(Fault::AnswerLost);
}

#[test]
fn a_500_after_it_was_made() {
    one_comment_for_all_that(Fault::DoesAndSays(500));
}

#[test]
fn a_written_comment_appears_late() {
    one_comment_for_all_that(Fault::Late(25));
}

#[test]
fn a_comment_that_is_never_created() {
    one_comment_for_all_that(Fault::Hangs);
}

#[test]
fn a_death_after_it_was_made() {
    one_comment_for_all_that(Fault::DiesAfter);
}

#[test]
fn half_of_its_answer() {
    one_comment_for_all_that(Fault::DoesAndSaysHalf);
}

#[test]
fn gitea_asks_to_be_left_alone() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.fault("gitea POST comments", Fault::Says(429));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.said(&pr).len(), 1);
        let counted = world.bridge().metrics.text(&Gauges::default());
        assert!(counted.lines().any(|line| line == "comment_bridge_rate_limit_wait_seconds_total 7"), "{counted}");
    });
}

#[test]
fn a_pull_request_that_gitea_cannot_show_is_told_its_verdict_all_the_same() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until("it runs", |world| world.said(&pr).iter().any(|it| it.contains("unning"))).await;
        world.faults("gitea GET pulls/1", u32::MAX, Fault::Says(500));
        world.until_quiet().await;
        assert!(world.said(&pr)[0].contains("Passed"));
    });
}

#[test]
fn the_last_edit_is_lost_and_made_again() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until("it runs", |world| world.said(&pr).iter().any(|it| it.contains("unning"))).await;
        world.faults("gitea PATCH", 3, Fault::Refused);
        world.until_quiet().await;
        assert!(world.said(&pr)[0].contains("Passed"));
    });
}

#[test]
fn a_deleted_comment() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until("it is said", |world| !world.said(&pr).is_empty()).await;
        world.network().gitea.comments.retain(|_, it| it.author != BOT);
        world.until_quiet().await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ✅ **Passed** · `11111111` · 1 min · [log](http://drone.test/recipes/ci/1)

          The run left no results; only Drone reports success.
        "###);
    });
}

#[test]
fn a_second_one_of_ours_goes() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until("it is said", |world| !world.said(&pr).is_empty()).await;
        let said = world.said(&pr)[0].clone();
        world.stranger(BOT).comments(&pr, &said);
        // A start without a ledger looks for the comment.
        world.dies().await;
        world.forgets_everything();
        world.starts();
        world.pass(2).await;
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.said(&pr).len(), 1);
        assert!(world.said(&pr)[0].contains("Passed"));
    });
}

#[test]
fn other_words_of_the_bots_account_are_left_alone() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.stranger(BOT).comments(&pr, "I am a person, too.");
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        let said = world.said(&pr);
        assert_eq!((said.len(), said[0].as_str()), (2, "I am a person, too."));
    });
}

#[test]
fn a_status_where_it_may() {
    story(async |world| {
        world.network().gitea.repositories.get_mut("recipes/hello").unwrap().writers.insert(BOT.into());
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        let statuses = world.network().gitea.statuses.clone();
        let told: Vec<String> = statuses.iter().map(|it| format!("{} {}", &it.commit[..7], it.sent)).collect();
        assert_snapshot!(told.join("\n"), @r###"
          1111111 {"context":"cc-ci/testme","description":"waiting for Drone","state":"pending"}
          1111111 {"context":"cc-ci/testme","description":"queued","state":"pending","target_url":"http://drone.test/recipes/ci/1"}
          1111111 {"context":"cc-ci/testme","description":"running","state":"pending","target_url":"http://drone.test/recipes/ci/1"}
          1111111 {"context":"cc-ci/testme","description":"passed","state":"success","target_url":"http://drone.test/recipes/ci/1"}
        "###);
    });
}

#[test]
fn a_status_where_it_may_not_is_tried_once() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        let tried = world.calls("POST statuses").len();
        assert!((1..=2).contains(&tried), "{tried}");
        assert_eq!(world.became(&pr), ["reported"]);
    });
}

#[test]
fn a_locked_pull_request_is_built_and_not_answered() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.change(&pr, |it| it.is_locked = true);
        alice.comments(&pr, "!testme");
        world.pass(300).await;
        assert_eq!(world.builds().len(), 1);
        let tries = world.calls("POST issues/1/comments").len();
        assert!(tries < 20, "{tries} tries");
        world.change(&pr, |it| it.is_locked = false);
        world.until_quiet().await;
        assert_eq!(world.said(&pr).len(), 1);
    });
}

#[test]
fn leftovers_of_a_run_are_reported() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(30).await;
        world.results(
            1,
            &json!({
                "schema": 3, "run_id": 1, "recipe": "hello", "version": "1.0.0+2.0", "ref": "1".repeat(40), "pr": 1,
                "src": "recipes/hello", "mode": "full", "state": "done", "phase": "teardown",
                "started": "2026-11-21T12:00:10Z", "finished": "2026-11-21T12:01:00Z", "verdict": "fail", "level": 1,
                "rungs": {
                    "install": {"status": "pass", "reason": null, "seconds": 12},
                    "upgrade": {"status": "fail", "reason": "<b>@alice</b> | it broke", "seconds": 30},
                    "backup": {"status": "skip", "reason": "the upgrade failed", "seconds": 0},
                },
                "tests": [{"rung": "upgrade", "name": "serves", "status": "fail", "seconds": 3,
                    "output_tail": "```\n@bob ![x](http://evil.test/x.png)\n</details>"}],
                "flags": {"clean_teardown": true, "no_secret_leak": true}, "timings": {}, "artefacts": [],
                "error": null,
            }),
        );
        world.network().drone.fails = 100;
        world.until_quiet().await;
        assert_snapshot!(world.comments(&pr), @r###"
          alice: !testme

          ci-bot: ⚠️ **Unclear** · `1.0.0+2.0` at `11111111` · 1 min · [log](http://drone.test/recipes/ci/1)

          Drone reports success, but the results of the run do not confirm it.

          | rung | result | time | |
          |:--|:--|--:|:--|
          | install | pass | 12 s |  |
          | upgrade | **fail** | 30 s | \<b\>@{no width}alice\</b\> &#124; it broke |
          | backup | skip |  | the upgrade failed |

          <details><summary>Last lines of the failed test</summary>

          upgrade: `serves`

          ````text
          ```
          @bob ![x](http://evil.test/x.png)
          </details>
          ````

          </details>
        "###);
    });
}
