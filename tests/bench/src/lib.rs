//! The figures of DESIGN, measured side by side.
