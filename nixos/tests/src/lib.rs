//! Tests of the NixOS modules: they evaluate, their units verify and are hardened.
