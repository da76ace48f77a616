//! Comments of pull requests: source of triggers and place of verdicts.

use serde_json::{Value, json};

use crate::site::{Site, eventually};

crate::assertions![
    a_comment_is_made_and_read,
    a_comment_is_edited_by_its_author,
    another_s_comment_is_edited_by_writers_only,
    a_comment_is_deleted,
    readers_and_strangers_may_comment,
    a_locked_conversation_is_403_for_readers,
    an_empty_comment_is_422,
    a_comment_keeps_its_text_as_it_is,
    a_comment_on_nothing_is_404,
    comments_of_one_pull_request_are_listed,
    comments_of_a_repository_are_listed_in_pages,
    comments_since_a_moment_include_that_moment,
    an_edited_comment_comes_again,
    a_malformed_moment_is_422,
    a_comment_says_whether_it_is_on_a_pull_request,
    a_comment_counts_in_its_pull_request,
    a_review_is_no_comment,
    reactions_are_given_and_taken_back,
    a_repeated_reaction_is_200,
    an_unknown_reaction_is_refused,
];

/// A repository with a pull request.
fn pulled(site: &Site) -> (String, i64, String) {
    let repository = site.repository("talk");
    let pull = site.pull_request(&repository, "change");
    let path = format!("/repos/{repository}/issues/{pull}/comments");
    (repository, pull, path)
}

fn a_comment_is_made_and_read(site: &Site) {
    let (repository, pull, path) = pulled(site);
    let made = site.mara().post(&path, &json!({"body": "!testme"})).is(201);
    let read = site.bot().get(&format!("/repos/{repository}/issues/comments/{}", made.number("/id"))).is(200);
    for seen in [&made, &read] {
        assert_eq!((seen.text("/body"), seen.text("/user/login")), ("!testme".to_owned(), site.mara.name.clone()));
        assert_eq!(seen.text("/created_at"), seen.text("/updated_at"));
        let page = format!("{}/{repository}/pulls/{pull}", site.called);
        assert_eq!(seen.text("/html_url"), format!("{page}#issuecomment-{}", made.number("/id")));
        assert_eq!(seen.text("/pull_request_url"), page);
    }
    // RFC 3339, in whole seconds.
    assert!(made.text("/created_at").len() >= 20 && !made.text("/created_at").contains('.'));
}

fn a_comment_is_edited_by_its_author(site: &Site) {
    let (repository, pull, _) = pulled(site);
    let id = site.bot().comment(&repository, pull, "queued");
    let path = format!("/repos/{repository}/issues/comments/{id}");
    let edited = site.bot().patch(&path, &json!({"body": "running"})).is(200);
    assert_eq!((edited.text("/body"), edited.number("/id")), ("running".to_owned(), id));
    assert_eq!(site.sam().get(&path).is(200).text("/body"), "running");
}

fn another_s_comment_is_edited_by_writers_only(site: &Site) {
    let (repository, pull, _) = pulled(site);
    let id = site.sam().comment(&repository, pull, "mine");
    let path = format!("/repos/{repository}/issues/comments/{id}");
    site.bot().patch(&path, &json!({"body": "not yours"})).is(403);
    site.bot().delete(&path).is(403);
    site.mara().patch(&path, &json!({"body": "tidied"})).is(200);
}

fn a_comment_is_deleted(site: &Site) {
    let (repository, pull, _) = pulled(site);
    let id = site.bot().comment(&repository, pull, "queued");
    let path = format!("/repos/{repository}/issues/comments/{id}");
    site.bot().delete(&path).is(204);
    site.bot().get(&path).is(404);
    site.bot().patch(&path, &json!({"body": "again"})).is(404);
    site.bot().delete(&path).is(404);
}

fn readers_and_strangers_may_comment(site: &Site) {
    let (_, _, path) = pulled(site);
    site.bot().post(&path, &json!({"body": "a reader"})).is(201);
    site.sam().post(&path, &json!({"body": "a stranger"})).is(201);
    site.anonymous().post(&path, &json!({"body": "nobody"})).refuses(401, "token is required");
}

fn a_locked_conversation_is_403_for_readers(site: &Site) {
    let (repository, pull, path) = pulled(site);
    let lock = json!({"lock_reason": "resolved"});
    site.administrator().put(&format!("/repos/{repository}/issues/{pull}/lock"), &lock).is(204);
    site.bot().post(&path, &json!({"body": "too late"})).refuses(403, "lock");
    site.mara().post(&path, &json!({"body": "a last word"})).is(201);
}

fn an_empty_comment_is_422(site: &Site) {
    let (_, _, path) = pulled(site);
    site.bot().post(&path, &json!({"body": ""})).refuses(422, "Body");
    site.bot().post(&path, &json!({})).refuses(422, "Body");
}

fn a_comment_keeps_its_text_as_it_is(site: &Site) {
    let (repository, pull, _) = pulled(site);
    let texts = ["  !testme  ", "!testme\r\nand more\n", "<b>ü</b> & 🌻 `code` | table |", &"long ".repeat(8_000)];
    for text in texts {
        let id = site.bot().comment(&repository, pull, text);
        assert_eq!(site.bot().get(&format!("/repos/{repository}/issues/comments/{id}")).is(200).text("/body"), text);
    }
}

fn a_comment_on_nothing_is_404(site: &Site) {
    let repository = site.repository("talk");
    site.bot().post(&format!("/repos/{repository}/issues/99/comments"), &json!({"body": "hello"})).fails();
    site.bot().get(&format!("/repos/{repository}/issues/comments/99999999")).is(404);
    site.bot().get(&format!("/repos/{repository}/issues/99/comments")).fails();
}

fn comments_of_one_pull_request_are_listed(site: &Site) {
    let (repository, pull, path) = pulled(site);
    let other = site.pull_request(&repository, "other");
    site.sam().comment(&repository, other, "elsewhere");
    for number in 1..=60 {
        site.mara().comment(&repository, pull, &format!("number {number}"));
    }
    // All at once, oldest first: this list has no pages.
    let list = site.bot().get(&path).is(200).each("/body");
    assert_eq!(list.len(), 60);
    assert_eq!((&list[0], &list[59]), (&json!("number 1"), &json!("number 60")));
}

fn comments_of_a_repository_are_listed_in_pages(site: &Site) {
    let (repository, pull, _) = pulled(site);
    let other = site.pull_request(&repository, "other");
    for number in 1..=3 {
        site.mara().comment(&repository, [pull, other][number % 2], &format!("number {number}"));
    }
    let path = format!("/repos/{repository}/issues/comments");
    let first = site.bot().get(&format!("{path}?page=1&limit=2")).is(200);
    assert_eq!((first.each("/body"), first.header("x-total-count")), (vec![json!("number 1"), json!("number 2")], "3"));
    assert_eq!(site.bot().get(&format!("{path}?page=2&limit=2")).is(200).each("/body"), ["number 3"]);
    assert!(site.bot().get(&format!("{path}?page=3&limit=2")).is(200).list().is_empty());
}

fn comments_since_a_moment_include_that_moment(site: &Site) {
    let (repository, pull, path) = pulled(site);
    let id = site.mara().comment(&repository, pull, "now");
    let at = site.bot().get(&format!("/repos/{repository}/issues/comments/{id}")).is(200).text("/updated_at");
    for path in [path, format!("/repos/{repository}/issues/comments")] {
        let since = |moment: &str| site.bot().get(&format!("{path}?since={}", moment.replace('+', "%2B"))).is(200);
        assert_eq!(since(&at).each("/id"), [json!(id)]);
        assert!(since("2099-01-01T00:00:00Z").list().is_empty());
        assert_eq!(since("2001-01-01T00:00:00Z").each("/id"), [json!(id)]);
        assert_eq!(since("2001-01-01T00:00:00+02:00").each("/id"), [json!(id)]);
    }
}

fn an_edited_comment_comes_again(site: &Site) {
    let (repository, pull, _) = pulled(site);
    let id = site.mara().comment(&repository, pull, "before");
    let path = format!("/repos/{repository}/issues/comments/{id}");
    let made = site.bot().get(&path).is(200);
    // Times have whole seconds: only an edit in another second is visible.
    eventually("an edit in another second", || {
        site.mara().patch(&path, &json!({"body": site.name("edit")})).is(200);
        site.bot().get(&path).is(200).text("/updated_at") > made.text("/updated_at")
    });
    let edited = site.bot().get(&path).is(200);
    assert_eq!(edited.text("/created_at"), made.text("/created_at"));
    let since = edited.text("/updated_at").replace('+', "%2B");
    let list = site.bot().get(&format!("/repos/{repository}/issues/comments?since={since}")).is(200);
    assert_eq!(list.each("/id"), [json!(id)]);
}

fn a_malformed_moment_is_422(site: &Site) {
    let (repository, _, path) = pulled(site);
    site.bot().get(&format!("{path}?since=yesterday")).refuses(422, "");
    site.bot().get(&format!("/repos/{repository}/issues/comments?since=yesterday")).refuses(422, "");
}

fn a_comment_says_whether_it_is_on_a_pull_request(site: &Site) {
    let (repository, pull, _) = pulled(site);
    let issue = json!({"title": "Only an issue"});
    let plain = site.sam().post(&format!("/repos/{repository}/issues"), &issue).is(201).number("/number");
    site.mara().comment(&repository, pull, "on a pull request");
    site.mara().comment(&repository, plain, "on an issue");
    let list = site.bot().get(&format!("/repos/{repository}/issues/comments")).is(200);
    let page = |what: &str, number: i64| json!(format!("{}/{repository}/{what}/{number}", site.called));
    assert_eq!(list.each("/pull_request_url"), [page("pulls", pull), json!("")]);
    assert_eq!(list.each("/issue_url"), [json!(""), page("issues", plain)]);
}

fn a_comment_counts_in_its_pull_request(site: &Site) {
    let (repository, pull, _) = pulled(site);
    let id = site.mara().comment(&repository, pull, "one");
    site.mara().comment(&repository, pull, "two");
    let count = || site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200).number("/comments");
    assert_eq!(count(), 2);
    site.mara().delete(&format!("/repos/{repository}/issues/comments/{id}")).is(204);
    assert_eq!(count(), 1);
}

fn a_review_is_no_comment(site: &Site) {
    let (repository, pull, path) = pulled(site);
    let review = json!({"body": "!testme", "event": "COMMENT"});
    site.mara().post(&format!("/repos/{repository}/pulls/{pull}/reviews"), &review).is(200);
    assert!(site.bot().get(&path).is(200).list().is_empty());
    assert!(site.bot().get(&format!("/repos/{repository}/issues/comments")).is(200).list().is_empty());
}

fn reactions(site: &Site) -> String {
    let (repository, pull, _) = pulled(site);
    let id = site.mara().comment(&repository, pull, "!testme");
    format!("/repos/{repository}/issues/comments/{id}/reactions")
}

fn reactions_are_given_and_taken_back(site: &Site) {
    let path = reactions(site);
    let given = site.bot().post(&path, &json!({"content": "eyes"})).is(201);
    assert_eq!((given.text("/content"), given.text("/user/login")), ("eyes".to_owned(), site.bot.name.clone()));
    site.sam().post(&path, &json!({"content": "+1"})).is(201);
    assert_eq!(site.bot().get(&path).is(200).each("/content"), ["eyes", "+1"]);
    site.bot().ask("DELETE", &path, Some(&json!({"content": "eyes"}))).is(204);
    assert_eq!(site.bot().get(&path).is(200).each("/content"), ["+1"]);
}

fn a_repeated_reaction_is_200(site: &Site) {
    let path = reactions(site);
    site.bot().post(&path, &json!({"content": "eyes"})).is(201);
    site.bot().post(&path, &json!({"content": "eyes"})).is(200);
    assert_eq!(site.bot().get(&path).is(200).list().len(), 1);
}

fn an_unknown_reaction_is_refused(site: &Site) {
    let path = reactions(site);
    site.bot().post(&path, &json!({"content": "no such thing"})).refuses(403, "");
    let none = site.bot().get(&path).is(200).json();
    assert!(none == Value::Null || none == json!([]), "{none}");
}
