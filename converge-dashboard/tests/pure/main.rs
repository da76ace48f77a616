//! Tests without Docker: plans of the case folders, properties over generated states, wrong configurations.

mod bad_input;
mod plan;
mod properties;
