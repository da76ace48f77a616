//! Stand-ins for the programs that no package registry has.
