//! Checks of the tree itself. `docs/style.md` has the rules; the limits stand here, and nowhere else.
//!
//! Each module has one subject and its tests; `make check` runs them with the pure tests of all crates.

pub mod crates;
pub mod language;
pub mod links;
pub mod names;
pub mod snapshots;
pub mod tree;

/// Largest number of comments with a pronoun in the place of the actor (`language::RIDDLES`), in the whole tree.
pub const MAX_RIDDLES: usize = 10;

/// Largest share of doc lines that begin like a question (`language::QUESTIONS`), in per mille.
pub const MAX_QUESTIONS_PER_MILLE: usize = 40;
