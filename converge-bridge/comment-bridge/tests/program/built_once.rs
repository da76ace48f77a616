//! A comment on a Gitea that tells of it, and what Drone has then: one build, whatever happens in between.

use std::time::{Duration, Instant};

use converge_drone::login::{Outcome, login};
use forge::{Content, Forge, Kind, World};
use http::Connect;
use http::drone::Drone as Client;
use http::gitea::Gitea;
use nix::sys::signal::Signal;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use stand_ins::drone::{Drone, Options, free_port};

use crate::running::{Place, Running, SECRET};

/// The bot's token at Drone.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// The deadline of a build without a poll.
const SOON: Duration = Duration::from_secs(1);

struct Site {
    forge: Forge,
    world: World,
    drone: Drone,
    place: Place,
}

impl Site {
    /// Gitea and Drone, with the bot logged in, the CI repository active, and no runner.
    fn start() -> Self {
        let forge = Forge::start_with(&forge::Options { kind: Some(Kind::StandIn), ..Default::default() }).unwrap();
        let world = forge.fill(&Content::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let drone = runtime.block_on(drone(&forge, &world));
        let mut place = Place::new(forge.address(), &drone.address());
        for (name, secret) in [("gitea_token", &*world.bridge_token), ("drone_token", TOKEN)] {
            std::fs::write(place.path("secrets").join(name), secret).unwrap();
        }
        // Whatever is found soon was told of.
        place.settings["poll_seconds"] = json!(3600);
        let hook = json!({
            "type": "gitea", "active": true, "events": ["pull_request_comment"],
            "config": {"url": format!("http://{}/hook", place.listen), "content_type": "json", "secret": SECRET},
        });
        forge.api().with_token(&world.administrator.token).post("/orgs/recipes/hooks", &hook).unwrap();
        Self { forge, world, drone, place }
    }

    fn say(&self, text: &str) -> i64 {
        let mara = self.forge.api().with_token(&self.world.mara.token);
        let answer = mara.post("/repos/recipes/hello/issues/1/comments", &json!({"body": text})).unwrap();
        answer.number("/id").unwrap()
    }

    /// The builds of a trigger.
    fn builds(&self, comment: i64) -> usize {
        let request = forge::Request::new("GET", format!("{}/api/repos/recipes/ci/builds", self.drone.address()));
        let answer = self.forge.http().send(&request.header("Authorization", format!("Bearer {TOKEN}"))).unwrap();
        let builds: Vec<Value> = serde_json::from_str(&answer.body).unwrap();
        builds.iter().filter(|build| build["params"]["TRIGGER"] == json!(comment.to_string())).count()
    }

    fn comments(&self) -> Vec<String> {
        let all = self.forge.api().get("/repos/recipes/hello/issues/1/comments").unwrap().json().unwrap();
        let by_bot = all.as_array().unwrap().iter().filter(|comment| comment["user"]["login"] == json!(World::BOT));
        by_bot.map(|comment| comment["body"].as_str().unwrap().to_owned()).collect()
    }

    fn is(running: &Running, comment: i64, state: &str) -> bool {
        running
            .triggers()
            .iter()
            .any(|trigger| trigger["comment"] == json!(comment) && trigger["state"] == json!(state))
    }
}

async fn drone(forge: &Forge, world: &World) -> Drone {
    let connect = Connect::within(Duration::from_secs(20));
    let gitea =
        Gitea::with_password(forge.address(), &world.bot.name, &SecretString::from(&*world.bot.password), &connect)
            .unwrap();
    let listen = free_port().unwrap();
    let created = gitea.create_application("drone", &format!("http://{listen}/login")).await.unwrap();
    let account = format!("username:{},machine:false,admin:true,token:{TOKEN}", world.bot.name);
    let variables = [("DRONE_USER_CREATE", account.as_str()), ("DRONE_REPOSITORY_FILTER", World::ORGANISATION)];
    let drone = Drone::start(&Options {
        gitea: forge.address().to_owned(),
        client_id: created.client_id.clone(),
        client_secret: created.client_secret.expose_secret().to_owned(),
        listen: Some(listen),
        environment: variables.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec(),
        ..Options::default()
    })
    .unwrap();
    let client = Client::new(&drone.address(), &connect).unwrap();
    match login(&client, &gitea).await.unwrap() {
        Outcome::LoggedIn(_) => {}
        Outcome::Blocked(blocked) => panic!("{blocked}"),
    }
    let client = client.with_token(&SecretString::from(TOKEN));
    client.synchronise().await.unwrap();
    client.activate(World::CI).await.unwrap();
    drone
}

#[test]
fn a_comment_that_is_told_of_is_built_once_and_soon() {
    let site = Site::start();
    let mut running = site.place.start_and_poll();
    let began = Instant::now();
    let comment = site.say("!testme");
    running.until("it is built", |_| site.builds(comment) > 0);
    let took = began.elapsed();
    running.until("that is known", |running| Site::is(running, comment, "building"));
    running.until("it is said", |_| site.comments().len() == 1);
    assert!(took < SOON, "{took:?}");
    println!("told of to built: {took:?}");
    assert_eq!(running.deliveries("accepted"), 1);
    assert!(running.metric("build_latency_seconds_count") >= 1.0);

    // Prose, and a stranger's, are nothing.
    site.say("Does it pass?");
    let sam = site.forge.api().with_token(&site.world.sam.token);
    let strangers = sam.post("/repos/recipes/hello/issues/1/comments", &json!({"body": "!testme"})).unwrap();
    let strangers = strangers.number("/id").unwrap();
    running.until("the stranger is refused", |running| Site::is(running, strangers, "refused"));
    assert_eq!((site.builds(comment), site.builds(strangers)), (1, 0));
    assert_eq!(site.comments().len(), 1, "{:?}", site.comments());
}

#[test]
fn a_kill_in_between_loses_nothing_and_doubles_nothing() {
    let site = Site::start();
    let mut running = site.place.start_and_poll();
    // The answer arrives after the kill: Drone has a build that the ledger does not know.
    site.drone
        .order(r#"[{"method": "POST", "path": "/api/repos/recipes/ci/builds", "what": "hang", "after": true, "times": 1}]"#)
        .unwrap();
    let comment = site.say("!testme");
    running.until("it is asked for", |_| site.builds(comment) > 0);
    running.signal(Signal::SIGKILL);
    assert_eq!(running.ended(), -9);
    drop(running);
    let mut running = site.place.start();
    running.until("the build is known", |running| Site::is(running, comment, "building"));
    assert_eq!(site.builds(comment), 1);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.ended(), 0);
    assert_eq!((site.builds(comment), site.comments().len()), (1, 1), "{:?}", site.comments());
}
