//! Scenarios on the lab.
