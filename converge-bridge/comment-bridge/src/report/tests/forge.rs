//! The Gitea of tests/doubles, as these tests ask it.

use std::sync::MutexGuard;

use doubles::{BOT, ClockOf, Clocks, Fault, FaultRule, Network, PullId, Shared, lock};

use super::world::{HEAD, OTHER};

const REPOSITORY: &str = "recipes/hello";

/// A Gitea with twenty pull requests of one repository, to which the bot may write.
#[derive(Debug, Clone)]
pub struct Forge(pub Shared);

fn id(number: i64) -> PullId {
    PullId { repository: REPOSITORY.into(), number }
}

impl Forge {
    pub fn new() -> Self {
        let mut network = Network::new(0);
        network.clocks = Clocks::begin_at("2026-11-21T12:00:00Z".parse().unwrap());
        (network.there, network.back) = ((50, 50), (0, 0));
        let repository = network.gitea.add_repository(REPOSITORY);
        repository.writers.insert(BOT.into());
        repository.commits.insert(OTHER.into());
        let now = network.clocks.now(ClockOf::Gitea);
        for _ in 1..=20 {
            network.gitea.open_pull(REPOSITORY, HEAD, now);
        }
        Self(network.shared())
    }

    pub fn network(&self) -> MutexGuard<'_, Network> {
        let mut network = lock(&self.0);
        network.settle();
        network
    }

    /// The next call with these words has this fault.
    pub fn fault(&self, what: &'static str, fault: Fault) {
        self.network().faults.push(FaultRule { what, after: 0, times: 1, fault });
    }

    /// All calls with these words have this fault.
    pub fn always(&self, what: &'static str, fault: Fault) {
        self.network().faults.push(FaultRule { what, after: 0, times: u32::MAX, fault });
    }

    /// Adds a comment. Returns its id.
    pub fn write(&self, pull: i64, author: &str, body: &str) -> i64 {
        let mut network = self.network();
        let now = network.clocks.now(ClockOf::Gitea);
        network.gitea.comment(&id(pull), author, body, now)
    }

    pub fn push(&self, pull: i64, head: &str) {
        let mut network = self.network();
        let now = network.clocks.now(ClockOf::Gitea);
        network.gitea.push(&id(pull), head, now);
    }

    /// The bot's comments on a pull request.
    pub fn said(&self, pull: i64) -> Vec<String> {
        let (network, id) = (self.network(), id(pull));
        let comments = network.gitea.comments_of(&id).filter(|(_, comment)| comment.author == BOT);
        comments.map(|(_, comment)| comment.body.clone()).collect()
    }

    /// The number of calls with these words.
    pub fn calls(&self, what: &str) -> usize {
        self.network().calls.iter().filter(|(_, line, _)| FaultRule::matches(what, line)).count()
    }
}
