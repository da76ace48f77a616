# A program's settings with its own defaults, for the units and directories that depend on them. The defaults stand in
# Rust; nixos/tests writes those that a module reads to defaults.json, and holds the file to them.
{ lib }:
name: settings:
lib.recursiveUpdate (lib.importJSON ./defaults.json).${name} settings
