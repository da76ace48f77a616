//! What is served: the hook, health, metrics, triggers.
