# A JSON file for a program of ours: what it would refuse is refused at build time.
{ lib, pkgs }:
{ name, settings, program }:
pkgs.writeTextFile {
  name = "${name}.json";
  text = builtins.toJSON settings;
  checkPhase = lib.optionalString (pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform) ''
    ${program} --config "$target" --check-config
  '';
}
