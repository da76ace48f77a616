//! Every word the bridge says.
