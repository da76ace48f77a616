//! Plans: the changes, waits, drift and blocks of a converger.

use serde::Serialize;

/// The way from observed to desired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan<T> {
    /// Changes to make, in sequences that do not depend on each other.
    pub sequences: Vec<Sequence<T>>,
    /// Things declared right that are not there yet.
    pub waits: Vec<Wait>,
    /// Differences a converger must not repair by itself.
    pub drift: Vec<Drift>,
    /// The blocks: only an operator can go on.
    pub blocks: Vec<Block>,
}

impl<T> Default for Plan<T> {
    fn default() -> Self {
        Self { sequences: Vec::new(), waits: Vec::new(), drift: Vec::new(), blocks: Vec::new() }
    }
}

impl<T> Plan<T> {
    /// A plan with nothing in it.
    pub fn empty() -> Self {
        Self::default()
    }

    /// True if the desired state holds: no change, wait, drift or block.
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty() && self.waits.is_empty() && self.drift.is_empty() && self.blocks.is_empty()
    }

    /// Adds a sequence unless it has no changes.
    pub fn sequence(&mut self, name: impl Into<String>, changes: Vec<T>) {
        if !changes.is_empty() {
            self.sequences.push(Sequence { name: name.into(), changes });
        }
    }

    /// Adds another plan, such as that of a part of the piece.
    pub fn absorb<U: Into<T>>(&mut self, other: Plan<U>) {
        for Sequence { name, changes } in other.sequences {
            self.sequence(name, changes.into_iter().map(Into::into).collect());
        }
        self.waits.extend(other.waits);
        self.drift.extend(other.drift);
        self.blocks.extend(other.blocks);
    }

    /// Adds a wait; the hint says what to do if it does not come in time.
    pub fn wait(&mut self, for_what: impl Into<String>, seen: impl Into<String>, hint: impl Into<String>) {
        self.waits.push(Wait { for_what: for_what.into(), seen: seen.into(), hint: Some(hint.into()) });
    }

    /// Adds drift.
    pub fn drift(&mut self, object: impl Into<String>, reason: impl Into<String>, commands: Vec<String>) {
        self.drift.push(Drift { object: object.into(), reason: reason.into(), commands });
    }

    /// Adds a block.
    pub fn block(&mut self, object: impl Into<String>, reason: impl Into<String>, hint: impl Into<String>) {
        self.blocks.push(Block { object: object.into(), reason: reason.into(), hint: hint.into() });
    }
}

/// Changes that must be made in this order. The first that fails ends its sequence; other sequences go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sequence<T> {
    /// The name, the same in every round.
    pub name: String,
    /// The changes, in order.
    pub changes: Vec<T>,
}

/// Something declared right that is not there yet, such as a starting task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// The expected state: `traefik_app to settle`.
    #[serde(rename = "for")]
    pub for_what: String,
    /// The state seen instead: `0 of 1 tasks running, the last one: "image not found"`.
    pub seen: String,
    /// The hint for a wait past its deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A difference that would lose data or interrupt others if it were repaired, so an operator decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The object that differs: `network/proxy`.
    pub object: String,
    /// The difference, and the reason why it stays.
    pub reason: String,
    /// The commands that would repair it, in order.
    pub commands: Vec<String>,
}

/// Something that only an operator can mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Block {
    /// The blocked object: `swarm`.
    pub object: String,
    /// The reason.
    pub reason: String,
    /// The remedy.
    pub hint: String,
}
