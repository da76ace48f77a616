//! `!testme` on a real pull request: one build and one comment, for any author and any way of delivery.

use std::time::{Duration, Instant};

use lab::Lab;
use serde_json::json;
use system::{BRIDGE, Drone, Pull, Web, report, swarm_indices};

use crate::{change_by_hand, expect, machine, restart, sh, switch_with};

/// Longest delay until a comment is noticed: one poll and a second.
const NOTICED: Duration = Duration::from_secs(6);
/// Longest delay of the bot's comment behind the build.
const SAID: Duration = Duration::from_secs(20);

/// Drone's newest builds, reduced to the fields of these tests.
fn triggers(drone: &Drone<'_>) -> Vec<String> {
    let builds = drone.builds().unwrap();
    builds.iter().map(|build| build["params"]["TRIGGER"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Waits for the end of a poll that began after this call: older comments are noticed then.
fn a_poll_later(lab: &Lab) {
    let polls = || {
        let metrics = lab.read_file("/run/comment-bridge/metrics.prom").unwrap_or_default();
        let count = metrics.lines().filter(|line| line.starts_with("comment_bridge_polls_total"));
        count.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>()
    };
    let before = polls();
    lab::wait_until("two polls", Duration::from_secs(30), || {
        let now = polls();
        Ok(if now >= before + 2.0 { lab::Seen::Yes(()) } else { lab::Seen::NotYet(now.to_string()) })
    })
    .unwrap();
}

/// Starts a container in the network of the recipes.
const INSIDE: &str = "docker run --rm --network proxy hello:1.0.0";

#[test]
fn a_members_comment_becomes_one_build_and_one_comment() {
    let Some(lab) = machine("system-bridge", |_| ()) else { return };
    expect(&lab, "changed");
    let web = Web::new(&lab).unwrap();
    let drone = Drone::new(&lab, &web).unwrap();
    let pull = Pull::of_hello(&lab).unwrap();
    let (gitea, head) = (lab.gitea().unwrap(), pull.head().unwrap());

    // A stranger's comment and a comment without a command: no reaction.
    pull.comment(&gitea.world().sam.token, "!testme").unwrap();
    pull.comment_as_member("I would !testme this").unwrap();
    a_poll_later(&lab);
    assert_eq!((pull.answers().unwrap(), triggers(&drone)), (vec![], vec![]));

    // A member's comment.
    let began = Instant::now();
    let trigger = pull.comment_as_member("!testme").unwrap();
    let build = drone.build_of(trigger, NOTICED).unwrap();
    println!("the build was there after {:.1?}", began.elapsed());
    let expected = [
        ("RECIPE", "hello"),
        ("REF", head.as_str()),
        ("PR", "1"),
        ("SRC", "recipes/hello"),
        ("STAGES", "install,upgrade,backup,restore,custom"),
        ("CCCI_QUICK", "0"),
        ("TRIGGER", &trigger.to_string()),
    ];
    for (key, value) in expected {
        assert_eq!(build["params"][key], value, "{build:#}");
    }
    let number = build["number"].as_u64().unwrap();
    let link = format!("/recipes/ci/{number}");
    let first = pull.answer("where to look", SAID, |said| said.contains(&link)).unwrap();
    assert_eq!(drone.ended(number).unwrap()["status"], "success");
    let last = pull.answer("the verdict", SAID, |said| said.contains("**Passed**")).unwrap();
    println!("{}", last.body);
    assert_eq!(last.id, first.id, "the same comment, edited");
    assert_ne!(last.updated, last.created);
    for part in
        [&head[..8], "level 1 of 5", "| install | pass |", "| upgrade | not verified |", "not run: this pipeline"]
    {
        assert!(last.body.contains(part), "{part}: {}", last.body);
    }
    let results = lab.read_file(&format!("/var/lib/recipe-ci/runs/{number}/results.json")).unwrap();
    assert!(results.contains("\"verdict\": \"pass\", \"level\": 1"), "{results}");

    // The short test, in the same comment of the bot.
    let quick = pull.comment_as_member("!testme --quick").unwrap();
    let build = drone.build_of(quick, NOTICED).unwrap();
    assert_eq!((&build["params"]["CCCI_QUICK"], &build["params"]["STAGES"]), (&json!("1"), &json!("install,custom")));
    let number = build["number"].as_u64().unwrap();
    assert_eq!(drone.ended(number).unwrap()["status"], "success");
    let link = format!("/recipes/ci/{number}");
    let said = pull.answer("the quick verdict", SAID, |said| said.contains("**Passed the quick run**")).unwrap();
    assert!(said.body.contains(&link), "{}", said.body);
    assert_eq!(said.id, first.id);

    // Help, and a cancel during the build.
    pull.comment_as_member("!testme help").unwrap();
    let said = pull.answer("help", SAID, |said| said.contains("!testme cancel")).unwrap();
    assert_eq!(said.id, first.id);
    let stopped = pull.comment_as_member("!testme").unwrap();
    let number = drone.build_of(stopped, NOTICED).unwrap()["number"].as_u64().unwrap();
    drone.until_step(number, 1, 2).unwrap();
    pull.comment_as_member("!testme cancel").unwrap();
    assert_eq!(drone.ended(number).unwrap()["status"], "killed");
    let said = pull.answer("that it was cancelled", SAID, |said| said.contains("**Cancelled**")).unwrap();
    assert_eq!(said.id, first.id);
    let left = "for kind in service secret config volume network; do docker $kind ls --quiet --filter name=hell-; done";
    let teardown = format!("recipe-ci-teardown-{number}");
    lab::wait_until("the app of the stopped run is removed", Duration::from_mins(1), || {
        let left = sh(&lab, &format!("{left}; systemctl is-active {teardown} | grep -v inactive || true"));
        Ok(if left.is_empty() { lab::Seen::Yes(()) } else { lab::Seen::NotYet(left) })
    })
    .unwrap();

    // A switch and a reboot: no change, and no second build.
    let before = swarm_indices(&lab).unwrap();
    assert!(switch_with(&lab, "{ }").failed.is_empty());
    expect(&lab, "unchanged");
    assert_eq!(swarm_indices(&lab).unwrap(), before);
    lab.reboot().unwrap();
    expect(&lab, "unchanged");
    a_poll_later(&lab);
    assert_eq!(triggers(&drone), [stopped, quick, trigger].map(|id| id.to_string()));
    assert_eq!(pull.answers().unwrap().len(), 1);
    lab.down().unwrap();
}

#[test]
fn a_webhook_that_an_administrator_adds_makes_the_build_begin_at_once() {
    let Some(lab) = machine("system-bridge-hook", |_| ()) else { return };
    expect(&lab, "changed");
    let web = Web::new(&lab).unwrap();
    let drone = Drone::new(&lab, &web).unwrap();
    let pull = Pull::of_hello(&lab).unwrap();
    let secret = lab.read_file("/run/secrets/webhook-secret").unwrap();
    let hook = json!({
        "type": "gitea", "active": true, "events": ["pull_request_comment"],
        "config": {"url": "https://bridge.ci.localhost/hook", "content_type": "json", "secret": secret.trim()},
    });
    lab.gitea().unwrap().administrator().post("/orgs/recipes/hooks", &hook).unwrap();

    // Polls come every ten seconds then: five builds within a second each cannot come from polls.
    assert!(switch_with(&lab, "{ services.converge.bridge.settings.poll_seconds = 10; }").failed.is_empty());
    let mut made = Vec::new();
    for _ in 0..5 {
        a_poll_later(&lab);
        let trigger = pull.comment_as_member("!testme --quick").unwrap();
        let build = drone.build_of(trigger, Duration::from_secs(1)).unwrap();
        drone.cancel(build["number"].as_u64().unwrap()).unwrap();
        made.push(trigger.to_string());
    }
    a_poll_later(&lab);
    made.reverse();
    assert_eq!(triggers(&drone), made, "the polls that came after made no other");
    lab.down().unwrap();
}

#[test]
fn a_bridge_that_is_broken_by_hand_is_mended() {
    let Some(lab) = machine("system-bridge-drift", |_| ()) else { return };
    expect(&lab, "changed");
    let web = Web::new(&lab).unwrap();
    let broken = [
        ("the service is deleted", format!("docker service rm {BRIDGE}")),
        ("it is scaled down", format!("docker service scale --detach {BRIDGE}=0")),
        (
            "its environment is changed",
            format!("docker service update --detach --env-add COMMENT_BRIDGE_SETTINGS={{}} {BRIDGE}"),
        ),
        ("a label is taken away", format!("docker service update --detach --label-rm traefik.enable {BRIDGE}")),
    ];
    for (what, how) in broken {
        change_by_hand(&lab, &how);
        assert!(
            restart(&lab, "converge-bridge.service"),
            "{what}: {}",
            sh(&lab, "journalctl -u converge-bridge -n 30")
        );
        assert_eq!(report(&lab, "bridge").unwrap().outcome(), "changed", "{what}");
        assert_eq!(web.get(BRIDGE_NAME, "/healthz").unwrap().status, 200, "{what}");
        let before = swarm_indices(&lab).unwrap();
        assert!(restart(&lab, "converge-bridge.service"));
        assert_eq!(report(&lab, "bridge").unwrap().outcome(), "unchanged", "{what}");
        assert_eq!(swarm_indices(&lab).unwrap(), before, "{what}");
    }

    // Two paths are public, and a recipe beside it on the network sees no more.
    for path in ["/metrics", "/api/triggers", "/"] {
        assert_eq!(web.get(BRIDGE_NAME, path).unwrap().status, 404, "{path}");
        let inside = sh(&lab, &format!("{INSIDE} wget -qO- http://{BRIDGE}:8080{path} 2>&1 || true"));
        assert!(inside.contains("404"), "{path}: {inside}");
    }
    let health = sh(&lab, &format!("{INSIDE} wget -qO- http://{BRIDGE}:8080/healthz"));
    assert!(health.contains("\"healthy\":true") && !health.contains("details"), "{health}");

    // What it publishes is a file that any user of the machine reads.
    let read = |file: &str| sh(&lab, &format!("setpriv --reuid 65534 --clear-groups cat /run/comment-bridge/{file}"));
    let triggers: serde_json::Value = serde_json::from_str(&read("triggers.json")).unwrap();
    assert_eq!(triggers["schema"], 1, "{triggers:#}");
    assert!(read("metrics.prom").contains("comment_bridge_info{version="));

    // converge-drone gets another token; the bridge uses it at once.
    sh(&lab, "rm /var/lib/converge/drone/api-token");
    assert!(restart(&lab, "converge-drone.service"));
    lab::wait_until("converge-bridge to run again", Duration::from_mins(2), || {
        let now = report(&lab, "bridge").map(|report| report.outcome().to_owned());
        Ok(match now.as_deref() {
            Ok("changed") => lab::Seen::Yes(()),
            other => lab::Seen::NotYet(format!("{other:?}")),
        })
    })
    .unwrap();
    let drone = Drone::new(&lab, &web).unwrap();
    let trigger = Pull::of_hello(&lab).unwrap().comment_as_member("!testme").unwrap();
    let build = drone.build_of(trigger, SAID).unwrap();
    assert_eq!(drone.ended(build["number"].as_u64().unwrap()).unwrap()["status"], "success");

    // The bridge's secrets are in no other place.
    let read = |path: &str| lab.read_file(path).unwrap().trim().to_owned();
    let secrets = [
        ("the bot's token", read("/run/secrets/gitea-token")),
        ("Drone's token", read("/var/lib/converge/drone/api-token")),
        ("the webhook's secret", read("/run/secrets/webhook-secret")),
    ];
    let places = [
        ("the journal", "journalctl --no-pager --output=verbose --all".to_owned()),
        ("its log", format!("docker service logs {BRIDGE} 2>&1")),
        (
            "Swarm",
            "docker service inspect $(docker service ls -q); docker secret inspect $(docker secret ls -q)".to_owned(),
        ),
        ("a container", "docker inspect $(docker ps --all --quiet)".to_owned()),
        ("a report", "cat /run/converge/*.json".to_owned()),
        ("a plan", "converge bridge --plan --format json".to_owned()),
        ("the ledger", "cat /var/lib/comment-bridge/*".to_owned()),
        (
            "its environment",
            format!(
                "cat /proc/$(docker inspect --format '{{{{.State.Pid}}}}' $(docker ps -q --filter name={BRIDGE}))/environ | tr '\\0' '\\n'"
            ),
        ),
    ];
    for (place, how) in places {
        let text = sh(&lab, &how);
        assert!(!text.is_empty(), "there is something to look through in {place}");
        for (secret, value) in &secrets {
            assert!(value.len() >= 16 && !text.contains(value.as_str()), "{secret} is in {place}");
        }
    }
    lab.down().unwrap();
}

/// Name below the lab's domain.
const BRIDGE_NAME: &str = "bridge";
