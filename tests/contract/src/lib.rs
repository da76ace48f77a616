//! The same assertions against a stand-in and the real thing.
