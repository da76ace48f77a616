//! Assertions that hold for a stand-in and for the real program.
