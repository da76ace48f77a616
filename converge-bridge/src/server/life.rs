//! From start to SIGTERM.
