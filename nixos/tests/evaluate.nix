# Evaluates modules against the stand-in of nixpkgs; NIXPKGS_LIB=/path/to/lib takes nixpkgs' real lib instead.
{ modules, nixpkgsLib ? builtins.getEnv "NIXPKGS_LIB" }:
let
  lib = import (if nixpkgsLib == "" then ./stand-in/lib else nixpkgsLib);
  pkgs = import ./stand-in/pkgs.nix { inherit lib; };
  config = (lib.evalModules { modules = [ ./stand-in/nixos.nix ] ++ modules; specialArgs = { inherit pkgs; }; }).config;
in
{ inherit lib pkgs config; }
