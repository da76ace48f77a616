//! For generated states: applying plans to a model of Gitea, Drone, Docker and abra ends with nothing left to change,
//! within the rounds of a run, and never removes an object that is in use or belongs to others.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use cases::model::Recipe;
use converge::Converger;
use converge_drone::observed::{
    Account, Done, DroneRepository, DroneState, GiteaRepository, GiteaState, Observed, RpcSecret, RunnerConfiguration,
    RunnerState, RunnerUnit, ScmToken,
};
use converge_drone::{CLIENT_SECRET, Change, ConvergeDrone, Desired, RPC_SECRET, plan};
use http::gitea::Application;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use recipe::Policy;

const RECIPE: Recipe = Recipe {
    domain: "drone.ci.example.org",
    tags: &["1.8.0+2.25.0", "1.9.0+2.26.0", "1.9.1+2.26.0", "1.10.0+2.27.0"],
    keys: &["DOMAIN", "LETS_ENCRYPT_ENV", "COMPOSE_FILE", "DRONE_USER_CREATE", "GITEA_DOMAIN", "GITEA_CLIENT_ID"],
    secrets: &[(RPC_SECRET, "SECRET_RPC_SECRET_VERSION"), (CLIENT_SECRET, "SECRET_CLIENT_SECRET_VERSION")],
};
const BOT: i64 = 1;

/// The observed state, and the state that only a change reveals.
#[derive(Debug, Clone)]
struct World {
    seen: Observed,
    /// The state of Drone while it runs.
    server: DroneState,
    /// True while Gitea refuses the client secret of Drone.
    is_refused: bool,
    /// The number of logins of the bot.
    logins: u32,
}

fn desired() -> impl Strategy<Value = Desired> {
    RECIPE.policies().prop_map(|version| {
        let mut desired: Desired = serde_json::from_str(include_str!("../../example.json")).unwrap();
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

fn server() -> impl Strategy<Value = DroneState> {
    let account = (any::<bool>(), prop::bool::weighted(0.9)).prop_map(|(is_bot, admin)| {
        let (id, login) = if is_bot { (BOT, "ci-bot") } else { (2, "mara") };
        Account { id, login: login.into(), admin }
    });
    let scm = prop_oneof![Just(ScmToken::Alive), Just(ScmToken::Dead), Just(ScmToken::Unknown)];
    let repository = (any::<bool>(), 0..3_i64, prop_oneof![Just(60_i64), Just(10)], any::<bool>());
    let repository = repository.prop_map(|(active, owner, timeout_minutes, trusted)| DroneRepository {
        active,
        owner,
        timeout_minutes,
        trusted,
    });
    let accepts = (account, scm, option::of(repository)).prop_map(|(account, scm, repository)| DroneState::Accepts {
        account,
        scm,
        repository,
    });
    prop_oneof![1 => Just(DroneState::NoToken), 1 => Just(DroneState::Refuses), 4 => accepts]
}

fn runner() -> impl Strategy<Value = RunnerState> {
    let active = prop_oneof![Just("active"), Just("inactive"), Just("failed"), Just("activating")];
    let inputs = prop_oneof![
        Just(RunnerConfiguration::Same),
        Just(RunnerConfiguration::Other),
        Just(RunnerConfiguration::Unknown)
    ];
    (active, inputs).prop_map(|(active, inputs)| {
        let has_job = active == "activating";
        RunnerState::Unit(RunnerUnit {
            load: "loaded".into(),
            active: active.into(),
            has_job,
            inputs,
            is_connected: None,
        })
    })
}

/// Gitea, right in most cases; else in a state that needs an operator, or time.
fn forge() -> impl Strategy<Value = GiteaState> {
    let applications = vec(0..4_i64, 0..3).prop_map(|mut ids| {
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(application).collect()
    });
    let named = |name: &str, admin| Some(GiteaRepository { name: name.into(), admin });
    let repository = prop_oneof![
        8 => Just(named("recipes/ci", true)),
        1 => Just(named("recipes/ci", false)),
        1 => Just(named("recipes/renamed", true)),
        1 => Just(None),
    ];
    let answers = (applications, repository)
        .prop_map(|(applications, repository)| GiteaState::Answers { applications, repository });
    let silent =
        any::<bool>().prop_map(|may_pass| GiteaState::Silent { reason: "down".into(), hint: String::new(), may_pass });
    let refuses = GiteaState::Refuses { reason: "wrong password".into(), hint: String::new() };
    prop_oneof![8 => answers, 1 => silent, 1 => Just(refuses)]
}

fn world() -> impl Strategy<Value = World> {
    let kept = option::of(0..4_i64);
    let lost = vec(1..100_i64, 0..3);
    let parts = (RECIPE.observed(), any::<bool>(), kept, forge(), server(), any::<bool>(), option::of(runner()), lost);
    parts.prop_map(|(app, has_rpc_secret, kept, gitea, server, is_refused, runner, lost_stages)| {
        let seen = Observed {
            now: "2026-11-21T00:00:00Z".parse().unwrap(),
            rpc_secret: if has_rpc_secret { RpcSecret::Usable } else { RpcSecret::Missing },
            client_id: kept.map(|id| format!("client-{id}")),
            gitea,
            app,
            drone: DroneState::NotRunning,
            runner,
            lost_stages,
            done: Done::default(),
        };
        let mut world = World { seen, server, is_refused, logins: 0 };
        world.look();
        world
    })
}

impl World {
    /// Updates the state that depends on other state.
    fn look(&mut self) {
        let runs = self.seen.app.stack.services.iter().any(|service| service.tasks.running > 0);
        self.seen.drone = if runs { self.server.clone() } else { DroneState::NotRunning };
        let can_be_known = matches!(&self.seen.gitea, GiteaState::Answers { repository: Some(_), .. });
        if let DroneState::Accepts { scm, .. } = &mut self.seen.drone
            && !can_be_known
        {
            *scm = ScmToken::Unknown;
        }
        let known =
            [(RPC_SECRET, self.seen.rpc_secret == RpcSecret::Usable), (CLIENT_SECRET, self.seen.client_id.is_some())];
        for (kind, is_known) in known {
            for secret in self.seen.app.secrets.get_mut(kind).unwrap() {
                secret.same = is_known.then(|| secret.same.unwrap_or(false));
            }
        }
    }

    /// Changes the content of a secret.
    fn other_content(&mut self, kind: &str) {
        self.seen.app.secrets.get_mut(kind).unwrap().iter_mut().for_each(|secret| secret.same = Some(false));
    }

    fn log_in(&mut self) {
        assert!(self.seen.gitea.answers(), "a login needs Gitea");
        self.logins += 1;
    }

    fn repository(&mut self) -> &mut DroneRepository {
        let DroneState::Accepts { repository: Some(repository), .. } = &mut self.server else { panic!("not known") };
        repository
    }

    fn apply(&mut self, change: &Change) -> bool {
        let mut goes_on = true;
        match change {
            Change::GenerateRpcSecret => {
                self.seen.rpc_secret = RpcSecret::Usable;
                self.other_content(RPC_SECRET);
                if let Some(RunnerState::Unit(unit)) = &mut self.seen.runner {
                    unit.inputs = RunnerConfiguration::Other;
                }
            }
            Change::CreateApplication { redirect, .. } => {
                let GiteaState::Answers { applications, .. } = &mut self.seen.gitea else { unreachable!() };
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
            Change::LogIn { .. } if self.is_refused => {
                self.log_in();
                self.seen.done.client_refused = true;
            }
            Change::LogIn { .. } => {
                self.log_in();
                self.seen.done.logged_in = true;
                let repository = match &self.server {
                    DroneState::Accepts { repository, .. } => repository.clone(),
                    _ => None,
                };
                let account = Account { id: BOT, login: "ci-bot".into(), admin: true };
                self.server = DroneState::Accepts { account, scm: ScmToken::Alive, repository };
            }
            Change::Synchronise { .. } => {
                self.seen.done.synchronised = true;
                let is_there = matches!(&self.seen.gitea, GiteaState::Answers { repository: Some(there), .. } if there.name == "recipes/ci");
                let DroneState::Accepts { repository, .. } = &mut self.server else { panic!("no token") };
                *repository = is_there.then_some(DroneRepository {
                    active: false,
                    owner: 0,
                    timeout_minutes: 60,
                    trusted: false,
                });
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
                let Some(RunnerState::Unit(unit)) = &mut self.seen.runner else { panic!("no runner") };
                (unit.active, unit.inputs) = ("active".into(), RunnerConfiguration::Same);
                self.seen.done.runner_started = true;
            }
            Change::EndStage { stage } => self.seen.lost_stages.retain(|lost| lost != stage),
            Change::Recipe(change) => goes_on = RECIPE.apply(change, &mut self.seen.app),
        }
        self.look();
        goes_on
    }
}

/// True if the run needs an operator: an outage of Gitea, a missing or renamed repository, a bot without administrator's
/// rights, a pin below the running version.
fn needs_operator(desired: &Desired, world: &World) -> bool {
    let index = |version: &str| RECIPE.tags.iter().position(|tag| *tag == version);
    let running = world.seen.app.stack.version().and_then(index);
    let is_taken_back = matches!(&desired.recipe.version, Policy::Pin(tag) if running > index(tag));
    let is_usable = matches!(
        &world.seen.gitea,
        GiteaState::Answers { repository: Some(there), .. } if there.name == "recipes/ci" && there.admin
    );
    let is_admin = !matches!(&world.server, DroneState::Accepts { account, .. } if account.id == BOT && !account.admin);
    is_taken_back || !is_usable || !is_admin
}

/// A run, to the end of its changes.
fn run(desired: &Desired, world: &mut World) -> Result<(), TestCaseError> {
    for round in 0.. {
        let plan = plan(desired, &world.seen);
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
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_run_ends_with_nothing_left_to_change(desired in desired(), mut world in world()) {
        let needs_operator = needs_operator(&desired, &world);
        run(&desired, &mut world)?;
        prop_assert!(world.logins <= 2, "{} logins in one run", world.logins);
        let end = plan(&desired, &world.seen);
        prop_assert!(end.sequences.is_empty(), "{end:?}");
        prop_assert!(end.drift.iter().all(|drift| drift.object.starts_with("application/")), "{end:?}");
        prop_assert!((end.blocks.is_empty() && end.waits.is_empty()) || needs_operator, "{end:?}");
        if end.blocks.is_empty() && end.waits.is_empty() {
            let DroneState::Accepts { repository: Some(repository), .. } = &world.seen.drone else { panic!("{end:?}") };
            let expected = DroneRepository { active: true, owner: BOT, timeout_minutes: 60, trusted: true };
            prop_assert_eq!(repository, &expected);
        }
        // The next run knows nothing of this one. With a repository to be found it may ask Drone to look once more.
        world.seen.done = Done::default();
        world.seen.app.deployed = false;
        let again = plan(&desired, &world.seen);
        let looks = |change: &Change| matches!(change, Change::Synchronise { .. });
        let changes = again.sequences.iter().flat_map(|sequence| &sequence.changes);
        prop_assert!(changes.clone().all(|change| needs_operator && looks(change)), "{again:?}");
    }
}
