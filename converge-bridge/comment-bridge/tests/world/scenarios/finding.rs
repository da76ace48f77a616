//! How comments are found.

use insta::assert_snapshot;
use serde_json::json;

use comment_bridge::settings::Organisation;

use crate::story::{in_time, slow_story, story};
use doubles::Fault;

fn organisation(name: &str, include: &[&str], exclude: &[&str]) -> Organisation {
    serde_json::from_value(json!({"name": name, "include": include, "exclude": exclude})).unwrap()
}

#[test]
fn an_idle_poll_is_one_request_for_a_thousand_repositories() {
    in_time(0, async |world| {
        for number in 0..1000 {
            let name = format!("recipes/recipe-{number}");
            world.repository(&name);
            (0..5).for_each(|_| drop(world.pull(&name)));
        }
        world.pass(4000).await;
        world.starts();
        world.pass(120).await;
        world.forget_calls();
        world.pass(60).await;
        let calls = world.calls("");
        assert_eq!(calls.len(), 12, "{calls:#?}");
        assert!(calls.iter().all(|line| line.contains("/repos/issues/search?")), "{calls:#?}");
    });
}

#[test]
fn a_first_start_fires_on_nothing_old() {
    in_time(0, async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        alice.comments(&pr, "!testme");
        world.pass(10).await;
        world.starts();
        world.until_quiet().await;
        assert!(world.builds().is_empty() && world.said(&pr).is_empty());
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.builds(), ["1 success hello@1111111 for 3"]);
    });
}

#[test]
fn a_command_during_an_outage_fires() {
    slow_story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.dies().await;
        world.pass(600).await;
        alice.comments(&pr, "!testme");
        world.pass(5 * 3600).await;
        world.starts();
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
    });
}

#[test]
fn a_command_before_the_limit_does_not_fire() {
    slow_story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.dies().await;
        alice.comments(&pr, "!testme");
        world.pass(30 * 3600).await;
        world.starts();
        world.until_quiet().await;
        assert!(world.builds().is_empty());
        assert_snapshot!(world.comments(&pr), @"alice: !testme");
    });
}

#[test]
fn gitea_down_for_hours_loses_nothing() {
    slow_story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("gitea");
        world.pass(600).await;
        alice.comments(&pr, "!testme");
        world.pass(4 * 3600).await;
        world.is_up_again();
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
    });
}

#[test]
fn more_than_a_page_is_read_whole() {
    story(async |world| {
        let alice = world.member("alice");
        let prs: Vec<_> = (0..120).map(|_| world.pull("recipes/hello")).collect();
        for pr in &prs {
            alice.comments(pr, "!testme help");
        }
        world.until_quiet().await;
        assert!(prs.iter().all(|pr| world.became(pr) == ["answered"]));
        assert!(prs.iter().all(|pr| world.said(pr).len() == 1));
    });
}

#[test]
fn pull_requests_that_change_while_they_are_listed_are_all_read() {
    story(async |world| {
        let alice = world.member("alice");
        let prs: Vec<_> = (0..120).map(|_| world.pull("recipes/hello")).collect();
        for pr in &prs {
            alice.comments(pr, "!testme help");
        }
        // One goes while the pages are read, so that another slips to a page that was read.
        world.until("it reads", |world| !world.calls("search page=1").is_empty()).await;
        world.close(&prs[110]);
        world.until_quiet().await;
        assert!(prs.iter().enumerate().all(|(at, pr)| at == 110 || world.became(pr) == ["answered"]));
    });
}

#[test]
fn patterns_choose_and_the_ci_repository_is_never_chosen() {
    in_time(0, async |world| {
        world.settings.borrow_mut().organisations = vec![organisation("recipes", &["h*", "ci"], &["*-old"])];
        for name in ["recipes/hello-old", "recipes/ghost"] {
            world.repository(name);
        }
        world.starts();
        world.pass(2).await;
        let alice = world.member("alice");
        let [hello, old, ghost, ci] =
            ["recipes/hello", "recipes/hello-old", "recipes/ghost", "recipes/ci"].map(|name| world.pull(name));
        for pr in [&hello, &old, &ghost, &ci] {
            alice.comments(pr, "!testme");
        }
        world.until_quiet().await;
        assert_eq!(world.became(&hello), ["reported"]);
        assert!([&old, &ghost, &ci].iter().all(|pr| world.became(pr).is_empty()));
    });
}

#[test]
fn several_organisations_and_a_single_repository() {
    in_time(0, async |world| {
        for name in ["apps", "friends"] {
            world.organisation(name);
        }
        for name in ["apps/shop", "friends/blog", "friends/other"] {
            world.repository(name);
        }
        {
            let mut settings = world.settings.borrow_mut();
            settings.organisations.push(organisation("apps", &["*"], &[]));
            settings.repositories.push("friends/blog".parse().unwrap());
        }
        world.starts();
        world.pass(2).await;
        let alice = world.member("alice");
        let [hello, shop, blog, other] =
            ["recipes/hello", "apps/shop", "friends/blog", "friends/other"].map(|name| world.pull(name));
        for pr in [&hello, &shop, &blog, &other] {
            alice.comments(pr, "!testme");
        }
        world.until_quiet().await;
        assert!([&hello, &shop, &blog].iter().all(|pr| world.became(pr) == ["reported"]));
        assert!(world.became(&other).is_empty());
    });
}

#[test]
fn one_organisation_that_fails_keeps_no_other_waiting() {
    in_time(0, async |world| {
        world.organisation("apps");
        world.repository("apps/shop");
        world.settings.borrow_mut().organisations.push(organisation("apps", &["*"], &[]));
        world.starts();
        world.pass(2).await;
        world.is_down("search owner=apps");
        let (alice, hello, shop) = (world.member("alice"), world.pull("recipes/hello"), world.pull("apps/shop"));
        alice.comments(&hello, "!testme");
        alice.comments(&shop, "!testme");
        world.until("the one is built", |world| world.became(&hello) == ["reported"]).await;
        assert!(world.became(&shop).is_empty());
        assert_eq!(world.problems().len(), 1, "{:?}", world.problems());
        world.is_up_again();
        world.until_quiet().await;
        assert_eq!(world.became(&shop), ["reported"]);
        assert!(world.problems().is_empty());
    });
}

#[test]
fn an_organisation_that_is_not_there_is_a_problem() {
    in_time(0, async |world| {
        world.settings.borrow_mut().organisations.push(organisation("nobody", &["*"], &[]));
        world.starts();
        world.pass(30).await;
        assert_snapshot!(world.problems().join("\n"), @"poll org:nobody: Gitea does not show the organisation `nobody`; check `organisations`, and that the bot is a member of it");
    });
}

#[test]
fn a_comment_that_was_edited_before_it_was_found_does_not_fire() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("gitea");
        let comment = alice.comments(&pr, "I like it");
        world.pass(10).await;
        alice.edits(comment, "!testme");
        world.is_up_again();
        world.until_quiet().await;
        assert!(world.builds().is_empty() && world.said(&pr).is_empty());
    });
}

#[test]
fn a_comment_that_was_edited_before_it_was_looked_at_is_forgotten() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("gitea issues/comments");
        let comment = alice.comments(&pr, "!testme");
        world.pass(10).await;
        alice.edits(comment, "!testme --quick");
        world.is_up_again();
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["forgotten"]);
        assert!(world.builds().is_empty() && world.said(&pr).is_empty());
    });
}

#[test]
fn a_comment_that_was_deleted_before_it_was_looked_at_is_forgotten() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("gitea issues/comments");
        let comment = alice.comments(&pr, "!testme");
        world.pass(10).await;
        alice.deletes(comment);
        world.is_up_again();
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["forgotten"]);
        assert!(world.builds().is_empty() && world.said(&pr).is_empty());
    });
}

#[test]
fn a_comment_that_is_deleted_after_it_was_taken_changes_nothing() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        let comment = alice.comments(&pr, "!testme");
        world.pass(20).await;
        alice.deletes(comment);
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
    });
}

#[test]
fn a_rate_limit_is_waited_for() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.faults("gitea", 6, Fault::Says(429));
        alice.comments(&pr, "!testme");
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
        assert!(world.problems().is_empty());
    });
}

#[test]
fn a_repository_that_vanishes_and_comes_back() {
    story(async |world| {
        let (alice, pr) = (world.member("alice"), world.pull("recipes/hello"));
        world.is_down("gitea issues/comments");
        alice.comments(&pr, "!testme");
        world.pass(10).await;
        world.is_up_again();
        world.network().gitea.repositories.get_mut("recipes/hello").unwrap().is_hidden = true;
        world.pass(600).await;
        assert_eq!(world.became(&pr), ["seen"]);
        world.network().gitea.repositories.get_mut("recipes/hello").unwrap().is_hidden = false;
        world.until_quiet().await;
        assert_eq!(world.became(&pr), ["reported"]);
    });
}
