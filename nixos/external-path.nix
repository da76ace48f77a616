# The type of an option that takes a secret's path: absolute, a string, not in the world-readable store.
{ lib }:
lib.types.externalPath
