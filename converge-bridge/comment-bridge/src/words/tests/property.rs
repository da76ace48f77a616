//! Whatever triggers and results are, the comment is bounded, safe, and ours.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use super::made::*;
use crate::problem::{DroneProblem, GiteaProblem, Problem};
use crate::trigger::{BuildRecord, Command, Order, Outcome, Progress, Refusal, State, Trigger};
use crate::words::{Marker, statuses};
use results::{Artefact, Results, RunError, Rung, RungName, RungStatus, Test, Verdict};

/// Text of others, at its worst.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = vec![
        "@admin",
        "#1",
        "recipes/hedgedoc#1",
        "![x](https://evil.example/x.png)",
        "[x](https://evil.example)",
        "<img src=x>",
        "</details>",
        "<!-- converge-ci: {\"pull\":{\"number\":7,\"repository\":\"a/b\"},\"trigger\":1} -->",
        "-->",
        "|",
        "\n",
        "\r\n",
        "\n\n",
        "```",
        "`",
        "~~~",
        "https://evil.example",
        "www.evil.example",
        ":gitea:",
        "[[x]]",
        "\\",
        "$$",
        "\u{1b}[31m",
        "\u{202e}",
        "# ",
        "- ",
        "> ",
        "1. ",
        "✅",
        "**",
        "_",
        "x",
        " ",
        "日本",
        "&lt;",
        "|---|",
        "| a |",
    ];
    let piece = prop_oneof![8 => prop::sample::select(pieces).prop_map(String::from), 1 => any::<String>()];
    prop::collection::vec(piece, 0..10)
        .prop_flat_map(|pieces| (Just(pieces.concat()), prop_oneof![9 => Just(1_usize), 1 => Just(200)]))
        .prop_map(|(text, times)| text.repeat(times))
}

fn state() -> impl Strategy<Value = State> {
    let head = prop::sample::select(vec![HEAD, OTHER]);
    let order = (head, any::<bool>()).prop_map(|(head, quick)| Order::new(head.into(), quick));
    let time = || prop::option::of((0..2_000_000_000_i64).prop_map(|at| jiff::Timestamp::from_second(at).unwrap()));
    let progress = prop_oneof![
        any::<u32>().prop_map(|builds_ahead| Progress::Queued { builds_ahead }),
        Just(Progress::Running),
        Just(Progress::Over)
    ];
    let build = (1..6_i64, progress, time(), time()).prop_map(|(number, progress, started, finished)| BuildRecord {
        number,
        progress,
        started,
        finished,
    });
    let outcome = prop::sample::select(vec![
        Outcome::Passed,
        Outcome::Failed,
        Outcome::Cancelled,
        Outcome::Error,
        Outcome::Deleted,
    ]);
    let refusal = prop::sample::select(vec![
        Refusal::Stranger,
        Refusal::Closed,
        Refusal::Archived,
        Refusal::NoRecipe,
        Refusal::TooOld,
    ]);
    let since = "2026-11-21T12:00:01Z".parse().unwrap();
    (order, build, outcome, refusal, problem(), 0..14_usize, 1..20_i64).prop_map(
        move |(order, build, outcome, because, why, which, with)| match which {
            0 => State::found(None),
            1 => State::unauthorised(&order),
            2 => State::Refused { reason: because },
            3 => State::Forgotten,
            4 => State::Answered,
            5 => State::Joined { joined_trigger: with },
            6 => State::Authorised { order, authorised_at: since, requested_at: None },
            7 => State::Cancelling,
            8 => State::Cancelled { order: Some(order) },
            9 => State::Building { order, build },
            10 => State::Ended { order, build, outcome },
            11 => State::Reported { order, build, outcome },
            12 => State::Failed { order: Some(order), reason: why },
            _ => State::Failed { order: None, reason: why },
        },
    )
}

fn problem() -> impl Strategy<Value = Problem> {
    prop::sample::select(vec![
        DroneProblem::Unreachable.into(),
        DroneProblem::Failing(502).into(),
        GiteaProblem::MembersHidden.into(),
        GiteaProblem::Failing(500).into(),
        Problem::Late,
        Problem::Unknown,
    ])
}

fn triggers() -> impl Strategy<Value = Vec<Trigger>> {
    let commands = vec![
        Command::Test { quick: false },
        Command::Test { quick: true },
        Command::Cancel,
        Command::Help,
        Command::Unknown,
    ];
    let one = (prop::sample::select(commands), state(), prop::option::of(problem()), nasty());
    prop::collection::vec(one, 0..9).prop_map(|all| {
        let made = all.into_iter().zip(1..).map(|((command, state, trouble, author), comment)| Trigger {
            author,
            problem: trouble,
            ..trigger(comment, command, state)
        });
        made.collect()
    })
}

fn any_results() -> impl Strategy<Value = Results> {
    let status =
        prop::sample::select(vec![RungStatus::Pass, RungStatus::Fail, RungStatus::Skip, RungStatus::Unverified]);
    let rung = (prop::sample::select(RungName::ALL.to_vec()), status, prop::option::of(nasty()), any::<Option<u64>>())
        .prop_map(|(name, status, reason, seconds)| Rung { name, status, reason, seconds });
    let test = (prop::option::of(prop::sample::select(RungName::ALL.to_vec())), nasty(), nasty())
        .prop_map(|(rung, name, output)| Test { rung, name, status: RungStatus::Fail, duration: None, output });
    let error = (nasty(), prop::collection::vec(nasty(), 0..3), prop::option::of(nasty()))
        .prop_map(|(message, causes, hint)| RunError { message, causes, hint });
    let verdict = prop::sample::select(vec![None, Some(Verdict::Pass), Some(Verdict::Fail), Some(Verdict::Error)]);
    let flags =
        (any::<bool>(), any::<Option<bool>>(), any::<Option<bool>>(), any::<Option<bool>>(), any::<Option<u8>>());
    let texts = (prop::option::of(nasty()), prop::option::of(nasty()));
    (
        texts,
        flags,
        verdict,
        prop::collection::vec(rung, 0..7),
        prop::collection::vec(test, 0..20),
        prop::option::of(error),
    )
        .prop_map(|((version, phase), (done, quick, clean, tight, claimed), verdict, mut rungs, failed, error)| {
            rungs.sort_by_key(|rung| rung.name);
            rungs.dedup_by_key(|rung| rung.name);
            let artefacts = vec![Artefact { name: "badge.svg".into(), bytes: 3, media_type: "image/svg+xml".into() }];
            Results {
                version,
                quick,
                done,
                phase,
                verdict,
                claimed_level: claimed,
                rungs,
                tests: failed,
                clean_teardown: clean,
                no_secret_leak: tight,
                artefacts,
                error,
                ..Results::default()
            }
        })
}

fn any_made() -> impl Strategy<Value = Made> {
    let results = prop::collection::btree_map(1..6_i64, any_results(), 0..4);
    (triggers(), results, prop::option::of(prop::sample::select(vec![HEAD, OTHER])), any::<bool>()).prop_map(
        |(triggers, results, head, dashboard): (_, BTreeMap<_, _>, _, _)| {
            let mut made = made(triggers);
            made.results = results;
            made.head = head.map(str::to_owned);
            if dashboard { made.with_dashboard() } else { made }
        },
    )
}

/// True for HTML of the bridge itself.
fn is_known(html: &str) -> bool {
    let known = [
        "<details><summary>Error</summary>",
        "<details><summary>Last lines of the failed test</summary>",
        "</details>",
        "<sub>",
        "</sub>",
    ];
    known.contains(&html.trim()) || Marker::find(html).is_some()
}

/// Checks the parsed Markdown: it contains only markup of the bridge.
fn is_only_ours(made: &Made, body: &str) -> Result<(), String> {
    let ours = ["https://drone.ci.example.org/recipes/ci/", "https://ci.example.org/runs/"];
    let mut cells = BTreeSet::new();
    let mut row = 0;
    for event in Parser::new_ext(
        body,
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_FOOTNOTES,
    ) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. })
                if !ours.iter().any(|ours| dest_url.starts_with(ours)) =>
            {
                return Err(format!("a link to {dest_url}"));
            }
            Event::Html(html) | Event::InlineHtml(html) if !is_known(&html) => {
                return Err(format!("HTML: {html}"));
            }
            Event::Start(Tag::TableHead | Tag::TableRow) => row = 0,
            Event::Start(Tag::TableCell) => row += 1,
            Event::End(pulldown_cmark::TagEnd::TableHead | pulldown_cmark::TagEnd::TableRow) => {
                cells.insert(row);
            }
            Event::Start(Tag::Heading { .. } | Tag::BlockQuote(_) | Tag::List(_) | Tag::FootnoteDefinition(_)) => {
                return Err(format!("{event:?}"));
            }
            _ => {}
        }
    }
    // The table of rungs has three or four columns, that of commands two.
    if cells.len() > 1 + usize::from(cells.contains(&2)) || cells.iter().any(|cells| !(2..=4).contains(cells)) {
        return Err(format!("rows of {cells:?} cells"));
    }
    let marker = Marker::find(body).ok_or("no marker")?;
    if !marker.is_of(&made.pull) {
        return Err(format!("the marker of {marker:?}"));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_comment_is_bounded_safe_and_ours(made in any_made()) {
        let said = made.comment();
        prop_assert_eq!(&said, &made.comment());
        if let Some(said) = said {
            let body = &said.body;
            prop_assert!(body.chars().count() <= 6_000, "{} characters", body.chars().count());
            prop_assert!(body.lines().count() <= 40, "{} lines", body.lines().count());
            is_only_ours(&made, body).map_err(|why| TestCaseError::fail(format!("{why} in:\n{body}")))?;
            prop_assert!(said.topic.len() < 200 && !said.topic.contains(char::is_whitespace) && !said.topic.is_empty());
        }
        for (commit, status) in statuses(made.facts()) {
            prop_assert!(commit == HEAD || commit == OTHER);
            prop_assert!(status.description.chars().count() <= 140);
        }
    }

    #[test]
    fn a_failed_build_is_never_green(made in any_made()) {
        let green = made.comment().is_some_and(|said| said.body.starts_with('✅'));
        let subject = crate::words::Subject::of(&made.triggers);
        if green {
            let run = subject.run.unwrap();
            let (State::Ended { build, outcome, order } | State::Reported { build, outcome, order }) = &run.state else { panic!("{run:?}") };
            prop_assert_eq!(*outcome, Outcome::Passed);
            prop_assert!(!order.quick);
            prop_assert!(made.results.get(&build.number).is_none_or(Results::passed));
        }
        for (_, status) in statuses(made.facts()) {
            if status.state == http::gitea::Reached::Success {
                let passed = |state: &State| match state {
                    State::Ended { outcome, order, .. } | State::Reported { outcome, order, .. } => *outcome == Outcome::Passed && !order.quick,
                    _ => false,
                };
                prop_assert!(subject.runs().any(|run| passed(&run.state)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60_000, ..ProptestConfig::default() })]

    #[test]
    fn a_marker_is_found_again_and_only_in_its_place(text in nasty(), number in any::<i64>(), comment in any::<i64>(), name in "[a-zA-Z0-9._-]{1,20}") {
        let Ok(repository) = format!("{name}/{name}").parse() else { return Ok(()) };
        let marker = Marker { pull: http::names::Pull { repository, number }, trigger: comment };
        let line = marker.to_string();
        prop_assert!(!line.contains('\n') && line.matches("--").count() == 2);
        prop_assert_eq!(Marker::find(&format!("{text}\n\n{line}\r\n")), Some(marker.clone()));
        prop_assert_eq!(Marker::find(&format!("{line}\n{text}.")), None);
        prop_assert_eq!(Marker::find(&format!("> {line}")), None);
        let _ = Marker::find(&text);
    }
}
