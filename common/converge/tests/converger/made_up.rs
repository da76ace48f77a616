//! A made-up converger: shelves with things on them, in a world that can misbehave to order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use base::backoff::Backoff;
use base::clock::Clock;
use base::configuration::Problem;
use base::error::{Class, Explain};
use base::fact::Fact;
use base::host::Host;
use base::limits::Limits;
use base::plan::Plan;
use converge::{Converger, Ended, Record, Report};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Shelves by name, and what lies on each.
pub type Shelves = BTreeMap<String, String>;

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Desired {
    #[serde(default)]
    pub shelves: Shelves,
    #[serde(default)]
    pub limits: Limits,
}

/// The host that the made-up converger works on.
#[derive(Debug, Default)]
pub struct World {
    /// The observed world.
    pub shelves: Shelves,
    /// Mutating calls made so far.
    pub calls: u32,
    /// Times it was looked at.
    pub looks: u32,
    /// Shelves that cannot be changed, and how that fails.
    pub stuck: BTreeMap<String, Class>,
    /// Shelves whose changes are forgotten at once.
    pub forgetful: Vec<String>,
    /// Looks until a thing that was put down lies still.
    pub settles_after: u32,
    /// The look that found the last thing put down.
    pub put_at: u32,
    /// A shelf that must not be changed by a converger.
    pub in_use: Option<String>,
    /// A reason why only an operator can go on.
    pub blocked: Option<String>,
    /// The call that never comes back.
    pub hangs_at: Option<u32>,
    /// Looks that fail with a transient error.
    pub blind_looks: u32,
    /// A change that shows a new shelf to fill.
    pub unfolds: BTreeMap<String, (String, String)>,
    /// The settings of `desired` with their defaults.
    pub unfolded: Shelves,
}

#[derive(Debug, Clone, Serialize)]
pub struct Observed {
    pub shelves: Shelves,
    pub unfolded: Shelves,
    pub still: bool,
    pub in_use: Option<String>,
    pub blocked: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Put {
    pub shelf: String,
    pub thing: String,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("shelf {shelf} cannot be changed")]
    Stuck { shelf: String, class: Class },
    #[error("it is dark")]
    Dark,
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Stuck { class, .. } => *class,
            Self::Dark => Class::Transient,
        }
    }

    fn hint(&self) -> Option<String> {
        Some("mend the shelf".into())
    }
}

#[derive(Debug)]
pub struct MadeUp {
    desired: Desired,
    pub world: Rc<RefCell<World>>,
}

impl MadeUp {
    pub fn new(desired: Desired, world: Rc<RefCell<World>>) -> Self {
        Self { desired, world }
    }
}

impl Converger for MadeUp {
    const NAME: &'static str = "madeup";
    type Desired = Desired;
    type Observed = Observed;
    type Change = Put;
    type Error = Error;

    fn check(desired: &Desired) -> Vec<Problem> {
        let empty = desired.shelves.iter().filter(|(_, thing)| thing.is_empty());
        empty.map(|(name, _)| Problem::new(format!("shelves.{name}"), "is empty", "put something on it")).collect()
    }

    fn limits(desired: &Desired) -> Limits {
        desired.limits
    }

    async fn connect(desired: Desired, _: Host) -> Result<Self, Error> {
        Ok(Self::new(desired, Rc::default()))
    }

    fn desired(&self) -> &Desired {
        &self.desired
    }

    async fn observe(&self) -> Result<Observed, Error> {
        tokio::task::yield_now().await;
        let mut world = self.world.borrow_mut();
        if world.blind_looks > 0 {
            world.blind_looks -= 1;
            return Err(Error::Dark);
        }
        world.looks += 1;
        Ok(Observed {
            shelves: world.shelves.clone(),
            unfolded: world.unfolded.clone(),
            still: world.looks - world.put_at.min(world.looks) >= world.settles_after,
            in_use: world.in_use.clone(),
            blocked: world.blocked.clone(),
        })
    }

    fn plan(desired: &Desired, observed: &Observed) -> Plan<Put> {
        let mut plan = Plan::empty();
        if let Some(why) = &observed.blocked {
            plan.block("world", why.clone(), "ask an operator");
            return plan;
        }
        for (shelf, thing) in desired.shelves.iter().chain(&observed.unfolded) {
            if observed.shelves.get(shelf) == Some(thing) {
                continue;
            }
            if observed.in_use.as_ref() == Some(shelf) {
                plan.drift(shelf.clone(), "it is in use", vec![format!("clear {shelf}")]);
            } else {
                // One shelf may need several things in order: `a,b` is put down one by one.
                let change = Put { shelf: shelf.clone(), thing: thing.clone() };
                plan.sequence(shelf.clone(), vec![change]);
            }
        }
        if !observed.still {
            plan.wait("the things to lie still", "they wobble", "hold them");
        }
        plan
    }

    fn facts(_: &Desired, observed: &Observed) -> Vec<Fact> {
        vec![Fact::new("shelves", observed.shelves.len()).in_status(format!("{} shelves", observed.shelves.len()))]
    }
}

impl fmt::Display for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "put {} on {}", self.thing, self.shelf)
    }
}

impl converge::Change<MadeUp> for Put {
    fn object(&self) -> String {
        format!("shelf/{}", self.shelf)
    }

    async fn apply(&self, on: &MadeUp) -> Result<(), Error> {
        let hangs = {
            let mut world = on.world.borrow_mut();
            world.calls += 1;
            world.hangs_at == Some(world.calls)
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        {
            let mut world = on.world.borrow_mut();
            if let Some(class) = world.stuck.get(&self.shelf) {
                return Err(Error::Stuck { shelf: self.shelf.clone(), class: *class });
            }
            if !world.forgetful.contains(&self.shelf) {
                world.shelves.insert(self.shelf.clone(), self.thing.clone());
            }
            if let Some((shelf, thing)) = world.unfolds.remove(&self.shelf) {
                world.unfolded.insert(shelf, thing);
            }
            world.put_at = world.looks + 1;
        }
        // A place to be killed at, after the effect.
        tokio::task::yield_now().await;
        Ok(())
    }
}

pub fn shelves(pairs: &[(&str, &str)]) -> Shelves {
    pairs.iter().map(|(shelf, thing)| ((*shelf).to_owned(), (*thing).to_owned())).collect()
}

pub fn desired(pairs: &[(&str, &str)]) -> Desired {
    Desired { shelves: shelves(pairs), limits: Limits::default() }
}

pub fn world(change: impl FnOnce(&mut World)) -> Rc<RefCell<World>> {
    let mut world = World::default();
    change(&mut world);
    Rc::new(RefCell::new(world))
}

pub fn record() -> Record {
    Record::begin("madeup", "sha256:0".into(), Clock::system(), None, converge::Progress::none())
}

/// One run in that world.
pub async fn run(desired: Desired, world: &Rc<RefCell<World>>) -> Report {
    let mut record = record();
    let Ended { outcome, error } =
        converge::run(&MadeUp::new(desired, Rc::clone(world)), Backoff::default(), &mut record).await;
    record.end(outcome, error)
}
