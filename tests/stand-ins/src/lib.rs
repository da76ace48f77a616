//! Stand-ins for the programs that no package registry has, and the recipes they work on.
//!
//! The program `abra` of this package has the surface and the quirks of the real one, as far as this project relies on
//! them; tests/contract holds both to the same assertions.

pub mod catalogue;
mod program;

pub use program::abra;
