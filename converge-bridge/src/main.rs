//! `converge-bridge`: see the library.

fn main() {}
