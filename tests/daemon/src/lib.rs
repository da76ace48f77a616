//! A private Docker daemon for one test, a recording proxy in front of its socket, and images made from local files.

pub mod image;
