# A JSON configuration of our programs, checked by the program at build time.
{ lib, pkgs }:
{ name, settings, program }:
pkgs.writeTextFile {
  name = "${name}.json";
  text = builtins.toJSON settings;
  checkPhase = lib.optionalString (pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform) ''
    ${program} --config "$target" --check-config
  '';
}
