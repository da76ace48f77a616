//! The webhook: finds comments sooner than a poll would.
