//! `results.json` of a run, as far as a comment tells of it.
