//! For generated states: applying plans to a model of Gitea, Drone, Docker and abra ends with nothing left to change,
//! within the rounds a run has, and never takes what is in use or somebody else's.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use cases::model::Recipe;
use common::converger::Converger;
use common::recipe::Policy;
use converge_drone::gitea::Application;
use converge_drone::observed::{
    Account, Activated, Done, Forge, Inputs, Observed, Repository, RpcSecret, Runner, Scm, Server,
};
use converge_drone::{CLIENT_SECRET, Change, ConvergeDrone, Desired, RPC, plan};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

const RECIPE: Recipe = Recipe {
    domain: "drone.ci.example.org",
    tags: &["1.8.0+2.25.0", "1.9.0+2.26.0", "1.9.1+2.26.0", "1.10.0+2.27.0"],
    keys: &["DOMAIN", "LETS_ENCRYPT_ENV", "COMPOSE_FILE", "DRONE_USER_CREATE", "GITEA_DOMAIN", "GITEA_CLIENT_ID"],
    secrets: &[(RPC, "SECRET_RPC_SECRET_VERSION"), (CLIENT_SECRET, "SECRET_CLIENT_SECRET_VERSION")],
};
const BOT: i64 = 1;

/// What is there, and what only shows when it is tried.
#[derive(Debug, Clone)]
struct World {
    seen: Observed,
    /// What Drone would answer if it ran.
    server: Server,
    /// Whether Gitea refuses the client secret that Drone would log in with.
    is_refused: bool,
}

fn desired() -> impl Strategy<Value = Desired> {
    RECIPE.policies().prop_map(|version| {
        let mut desired: Desired = serde_json::from_str(include_str!("../example.json")).unwrap();
        desired.recipe.version = version;
        desired
    })
}

fn application(id: i64) -> Application {
    Application {
        id,
        name: format!("application {id}"),
        client_id: format!("client-{id}"),
        redirect_uris: vec!["https://drone.ci.example.org/login".into()],
        confidential_client: true,
        skip_secondary_authorization: false,
    }
}

fn server() -> impl Strategy<Value = Server> {
    let account = (any::<bool>(), Just(true)).prop_map(|(is_bot, admin)| {
        let (id, login) = if is_bot { (BOT, "ci-bot") } else { (2, "mara") };
        Account { id, login: login.into(), admin }
    });
    let scm = prop_oneof![Just(Scm::Alive), Just(Scm::Dead), Just(Scm::Unknown)];
    let repository = (any::<bool>(), 0..3_i64, prop_oneof![Just(60_i64), Just(10)], any::<bool>());
    let repository = repository.prop_map(|(active, owner, timeout_minutes, trusted)| Activated {
        active,
        owner,
        timeout_minutes,
        trusted,
    });
    let accepts = (account, scm, option::of(repository)).prop_map(|(account, scm, repository)| Server::Accepts {
        account,
        scm,
        repository,
    });
    prop_oneof![1 => Just(Server::NoToken), 1 => Just(Server::Refuses), 4 => accepts]
}

fn runner() -> impl Strategy<Value = Runner> {
    let active = prop_oneof![Just("active"), Just("inactive"), Just("failed"), Just("activating")];
    let inputs = prop_oneof![Just(Inputs::Same), Just(Inputs::Other), Just(Inputs::Unknown)];
    (active, inputs).prop_map(|(active, inputs)| {
        let has_job = active == "activating";
        Runner { is_loaded: true, active: active.into(), has_job, inputs }
    })
}

fn world() -> impl Strategy<Value = World> {
    let kept = option::of(0..4_i64);
    let parts =
        (RECIPE.observed(), any::<bool>(), kept, vec(0..4_i64, 0..3), server(), any::<bool>(), option::of(runner()));
    parts.prop_map(|(app, has_rpc_secret, kept, mut ids, server, is_refused, runner)| {
        ids.sort_unstable();
        ids.dedup();
        let applications = ids.into_iter().map(application).collect();
        let repository = Some(Repository { name: "recipes/ci".into(), admin: true });
        let seen = Observed {
            now: "2026-11-21T00:00:00Z".parse().unwrap(),
            rpc_secret: if has_rpc_secret { RpcSecret::Usable } else { RpcSecret::Missing },
            client_id: kept.map(|id| format!("client-{id}")),
            gitea: Forge::Answers { applications, repository },
            app,
            drone: Server::NotRunning,
            runner,
            done: Done::default(),
        };
        let mut world = World { seen, server, is_refused };
        world.look();
        world
    })
}

impl World {
    /// What depends on the rest.
    fn look(&mut self) {
        let runs = self.seen.app.stack.services.iter().any(|service| service.tasks.running > 0);
        self.seen.drone = if runs { self.server.clone() } else { Server::NotRunning };
        let known = [(RPC, self.seen.rpc_secret == RpcSecret::Usable), (CLIENT_SECRET, self.seen.client_id.is_some())];
        for (kind, is_known) in known {
            for secret in self.seen.app.secrets.get_mut(kind).unwrap() {
                secret.same = is_known.then(|| secret.same.unwrap_or(false));
            }
        }
    }

    /// A secret has another content from now on.
    fn other_content(&mut self, kind: &str) {
        self.seen.app.secrets.get_mut(kind).unwrap().iter_mut().for_each(|secret| secret.same = Some(false));
    }

    fn repository(&mut self) -> &mut Activated {
        let Server::Accepts { repository: Some(repository), .. } = &mut self.server else { panic!("not known") };
        repository
    }

    fn apply(&mut self, change: &Change) -> bool {
        let mut goes_on = true;
        match change {
            Change::GenerateRpcSecret => {
                self.seen.rpc_secret = RpcSecret::Usable;
                self.other_content(RPC);
                self.seen.runner.iter_mut().for_each(|runner| runner.inputs = Inputs::Other);
            }
            Change::CreateApplication { redirect, .. } => {
                let Forge::Answers { applications, .. } = &mut self.seen.gitea else { unreachable!() };
                assert!(applications.iter().all(|there| !there.redirect_uris.contains(redirect)), "a duplicate");
                applications.push(application(9));
                self.seen.client_id = Some("client-9".into());
                self.other_content(CLIENT_SECRET);
                self.is_refused = false;
            }
            Change::RegenerateSecret { application, .. } => {
                self.seen.client_id = Some(application.client_id.clone());
                self.other_content(CLIENT_SECRET);
                self.is_refused = false;
                self.seen.done = Done { regenerated: true, ..Done::default() };
            }
            Change::LogIn { .. } if self.is_refused => self.seen.done.client_refused = true,
            Change::LogIn { .. } => {
                self.seen.done.logged_in = true;
                let repository = match &self.server {
                    Server::Accepts { repository, .. } => repository.clone(),
                    _ => None,
                };
                let account = Account { id: BOT, login: "ci-bot".into(), admin: true };
                self.server = Server::Accepts { account, scm: Scm::Alive, repository };
            }
            Change::Synchronise { .. } => {
                self.seen.done.synchronised = true;
                let Server::Accepts { repository, .. } = &mut self.server else { panic!("no token") };
                *repository = Some(Activated { active: false, owner: 0, timeout_minutes: 60, trusted: false });
            }
            Change::Activate { .. } => {
                self.repository().active = true;
                self.repository().owner = BOT;
            }
            Change::TakeOver { .. } => self.repository().owner = BOT,
            Change::Set { timeout_minutes, trusted, .. } => {
                self.repository().timeout_minutes = i64::from(*timeout_minutes);
                self.repository().trusted = *trusted;
            }
            Change::StartRunner { .. } => {
                let runner = self.seen.runner.as_mut().unwrap();
                (runner.active, runner.inputs) = ("active".into(), Inputs::Same);
                self.seen.done.runner_started = true;
            }
            Change::Recipe(change) => goes_on = RECIPE.apply(change, &mut self.seen.app),
        }
        self.look();
        goes_on
    }
}

/// Whether an operator has to choose: a pin below what runs, over a migration of Drone's database.
fn is_taken_back(desired: &Desired, world: &World) -> bool {
    let index = |version: &str| RECIPE.tags.iter().position(|tag| *tag == version);
    let running = world.seen.app.stack.version().and_then(index);
    matches!(&desired.recipe.version, Policy::Pin(tag) if running > index(tag))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_run_ends_with_nothing_left_to_change(desired in desired(), mut world in world()) {
        let is_taken_back = is_taken_back(&desired, &world);
        for round in 0.. {
            let plan = plan::plan(&desired, &world.seen);
            if plan.sequences.is_empty() {
                break;
            }
            prop_assert!(round < ConvergeDrone::ROUNDS, "still to do after {round} rounds: {:?}", plan.sequences);
            let mut went_back = false;
            for sequence in &plan.sequences {
                went_back |= !sequence.changes.iter().all(|change| world.apply(change));
            }
            if went_back {
                world.seen.app.deployed = false;
            }
        }
        let end = plan::plan(&desired, &world.seen);
        prop_assert!(end.sequences.is_empty() && end.waits.is_empty(), "{end:?}");
        // Only duplicates are left, and a version that an operator has to choose.
        prop_assert!(end.drift.iter().all(|drift| drift.object.starts_with("application/")), "{end:?}");
        prop_assert!(end.blocks.is_empty() || is_taken_back, "{end:?}");
        if end.blocks.is_empty() {
            let Server::Accepts { repository: Some(repository), .. } = &world.seen.drone else { panic!("{end:?}") };
            let expected = Activated { active: true, owner: BOT, timeout_minutes: 60, trusted: true };
            prop_assert_eq!(repository, &expected);
        }
    }
}
