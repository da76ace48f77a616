//! The world answers as Gitea does: the bridge's own client asks both the same, and understands the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::gitea::{Comment, Gitea, Reached, Scope, Status};
use http::names::{Pull, Repository};
use http::{Connect, Error};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::story::in_time;
use doubles::{BOT, GITEA, GITEA_TOKEN, Wire};

/// The parsed answers, without the parts that differ between servers.
#[derive(Default)]
struct Talk {
    lines: Vec<String>,
    ids: BTreeMap<i64, usize>,
}

impl Talk {
    fn note(&mut self, what: &str, understood: impl std::fmt::Debug) {
        self.lines.push(format!("{what}: {understood:?}"));
    }

    fn comment(&mut self, comment: &Comment) -> String {
        let next = self.ids.len() + 1;
        let id = *self.ids.entry(comment.id).or_insert(next);
        format!("#{id} by {} on {:?}: {:?}, edited {}", comment.author, comment.pull, comment.body, comment.is_edited())
    }
}

/// The way an error is taken.
fn kind(error: &Error) -> String {
    format!("{error:?}").split([' ', '{', '(']).next().unwrap_or_default().to_owned()
}

/// Everything that the bridge asks of Gitea, about `recipes/hello#1` and what is not there.
async fn talk(gitea: &Gitea) -> Vec<String> {
    let mut talk = Talk::default();
    let repository: Repository = "recipes/hello".parse().unwrap();
    let nowhere: Repository = "recipes/nowhere".parse().unwrap();
    let pull = Pull { repository: repository.clone(), number: 1 };
    let long_ago = Timestamp::from_second(1_000_000_000).unwrap();

    for scope in [Scope::Owner("recipes"), Scope::Repository(&repository)] {
        let listed = gitea.changed(scope, long_ago, 1, 50).await.unwrap();
        let entries: Vec<_> = listed.entries.iter().map(|it| (it.pull.to_string(), it.comments, it.is_pull)).collect();
        talk.note("all of a source", (listed.total, entries));
        let later = listed.date.checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
        talk.note("nothing of it", gitea.changed(scope, later, 1, 50).await.unwrap().total);
        talk.note("a page beyond the last", gitea.changed(scope, long_ago, 9, 50).await.unwrap().entries.len());
    }
    talk.note(
        "no organisation",
        gitea.changed(Scope::Owner("nobody"), long_ago, 1, 50).await.map_err(|it| kind(&it)).err(),
    );

    for who in ["mara", "sam", "nobody-at-all", BOT] {
        talk.note(who, gitea.is_member("recipes", who).await.unwrap());
    }
    let seen = gitea.pull(&pull).await.unwrap().unwrap();
    talk.note("the pull request", (seen.repository.to_string(), seen.number, &seen.title, seen.open, seen.merged));
    talk.note("its repository", seen.archived);
    let head = gitea.head(&pull).await.unwrap().unwrap();
    let pushes = gitea.pushes(&pull).await.unwrap();
    // Gitea notes the push of a branch some time after the pull request: there may be one push or two.
    talk.note("the last push names its head", pushes.last().map(|push| push.head == Some(head.commit.clone())));
    let none = Pull { number: 99, ..pull.clone() };
    talk.note("no pull request", gitea.pull(&none).await.unwrap().is_none());
    talk.note("no head", gitea.head(&none).await.unwrap());
    talk.note("no pushes", gitea.pushes(&none).await.map_err(|it| kind(&it)).err());

    let made = gitea.create_comment(&pull, "queued").await.unwrap();
    let line = talk.comment(&made);
    talk.note("a comment made", line);
    talk.note("a comment is later than a push before it", pushes.iter().all(|push| push.id < made.id));
    let read = gitea.comment(&repository, made.id).await.unwrap().unwrap();
    let line = talk.comment(&read);
    talk.note("a comment read", line);
    // An edit within the same second leaves no trace.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let edited = gitea.edit_comment(&repository, made.id, "running").await.unwrap().unwrap();
    let line = talk.comment(&edited);
    talk.note("a comment edited", line);
    let all = gitea.comments(&pull, None).await.unwrap();
    let lines: Vec<String> = all.read.iter().map(|comment| talk.comment(comment)).collect();
    talk.note("all comments", lines);
    let since = gitea.comments(&pull, Some(edited.updated)).await.unwrap();
    talk.note("comments since the edit", since.read.len());
    let counted = gitea.changed(Scope::Owner("recipes"), long_ago, 1, 50).await.unwrap();
    talk.note("counted", counted.entries.iter().map(|it| it.comments).collect::<Vec<_>>());
    gitea.delete_comment(&repository, made.id).await.unwrap();
    talk.note("a comment deleted", gitea.comment(&repository, made.id).await.unwrap().is_none());
    talk.note("edited after that", gitea.edit_comment(&repository, made.id, "x").await.unwrap().is_none());
    talk.note("deleted twice", gitea.delete_comment(&repository, made.id).await.is_ok());
    talk.note("in no repository", gitea.comment(&nowhere, made.id).await.unwrap().is_none());

    let status = Status { state: Reached::Pending, context: "x".into(), description: "x".into(), target_url: None };
    talk.note("a status", gitea.set_status(&repository, &head.commit, &status).await.map_err(|it| kind(&it)).err());
    talk.lines
}

#[test]
fn the_bridge_understands_the_world_as_it_does_gitea() {
    let forge = forge::Forge::start().unwrap();
    let filled = forge.fill(&forge::Content::default()).unwrap();
    let connect = Connect::within(Duration::from_secs(10));
    let real = Gitea::with_token(forge.address(), &SecretString::from(filled.bridge_token), &connect).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let real = runtime.block_on(talk(&real));

    let made = in_time(0, async |world| {
        for name in ["mara", "milo"] {
            world.member(name);
        }
        world.stranger("sam");
        let pull = world.pull("recipes/hello");
        world.change(&pull, |it| it.title = "Mention the tests".into());
        let wire = Wire::of(&world.shared);
        let connect = Connect { transport: Some(Arc::new(wire)), ..Connect::within(Duration::from_secs(10)) };
        let told = talk(&Gitea::with_token(GITEA, &GITEA_TOKEN.into(), &connect).unwrap()).await;
        world.check_calls();
        told
    });
    assert_eq!(made, real);
}
