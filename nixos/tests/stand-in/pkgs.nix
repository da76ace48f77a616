# A package set where nothing is built: Debian's programs are under /usr, this project's own under /usr/local.
{ lib }:
let
  at = outPath: name: { type = "derivation"; inherit name outPath; pname = name; meta.mainProgram = name; };
  debian = at "/usr";
  ours = at "/usr/local";

  # A file in the store: its path changes with its text, as a real one's does.
  file = name: text: extra: {
    type = "derivation";
    inherit name text;
    outPath = "/nix/store/${builtins.substring 0 32 (builtins.hashString "sha256" text)}-${name}";
  } // extra;
in
{
  abra = ours "abra";
  rustPlatform.buildRustPackage = args: ours args.pname // { inherit args; inherit (args) meta; };
  # A package of it is in /usr/local as a whole.
  runCommand = name: { meta, passthru, ... }: script: ours name // passthru // { inherit meta script; };
  # The lab has it there, built from the program of ours.
  dockerTools.buildLayeredImage = { name, ... }@args: at "/usr/local/share/converge/${baseNameOf name}.tar" name // { inherit args; };

  stdenv.hostPlatform.system = "x86_64-linux";
  stdenv.buildPlatform.canExecute = _: true;

  writeText = name: text: file name text { };
  writeTextFile = { name, text, ... }@args: file name text { inherit args; };
  # What a package with one script puts into /run/current-system/sw/bin goes to /usr/local/bin here.
  writeShellApplication = { name, text, runtimeInputs ? [ ], ... }: ours name // {
    script = ''
      #!/usr/bin/env bash
      set -o errexit
      set -o nounset
      set -o pipefail

      export PATH="${lib.makeBinPath runtimeInputs}:$PATH"

      ${text}
    '';
  };

  formats.json = _: {
    type = let value = lib.types.nullOr (lib.types.oneOf (with lib.types; [ bool int float str path (attrsOf value) (listOf value) ])) // { description = "JSON value"; }; in value;
    generate = name: value: file name (builtins.toJSON value) { };
  };
} // lib.genAttrs [
  "bash" "cargo" "clippy" "coreutils" "docker" "docker-client" "findutils" "git" "installShellFiles" "gnugrep" "gnused" "openssh" "rustc" "rustfmt" "systemd" "tzdata" "util-linux" "nix" "cargo-deny" "cargo-insta" "cargo-machete"
] debian
