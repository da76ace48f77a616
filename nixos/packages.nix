# The programs: the workspace is built once, and each package takes its own from it.
# Not yet run with Nix: no machine of this project's tests has nixpkgs. Evaluated with a stand-in only.
{ lib, pkgs }:
let
  source = import ./source.nix { inherit lib; };

  workspace = pkgs.rustPlatform.buildRustPackage {
    pname = "converge-ci";
    inherit (source) version src postPatch;
    cargoLock.lockFile = ../Cargo.lock;
    cargoBuildFlags = [ "--bins" ] ++ map (package: "--package=${package}") source.packages;
    # The source is without its tests; tests/run has them all.
    doCheck = false;
    # Written from the programs' flags by a program that no package takes.
    postInstall = lib.optionalString (pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform) ''
      $out/bin/manual $out/share/manual
    '';
    meta = {
      description = "All programs of a Co-op Cloud recipe CI server";
      license = with lib.licenses; [ mit asl20 ];
      platforms = lib.platforms.linux;
    };
  };

  install = program: "installManPage man/${program}.8; installShellCompletion --cmd ${program} "
    + "--bash completions/${program}.bash --fish completions/${program}.fish --zsh completions/_${program}";

  # Copies, not links: no package, and so no image, has another's programs in its closure.
  package = { name, programs ? [ name ], pages ? programs, description }: pkgs.runCommand "${name}-${source.version}"
    {
      nativeBuildInputs = [ pkgs.installShellFiles ];
      passthru = { inherit workspace; };
      meta = workspace.meta // { inherit description; mainProgram = name; };
    } ''
    ${lib.concatMapStringsSep "\n" (program: "install -D --mode=0555 --target-directory=$out/bin ${workspace}/bin/${program}") programs}
    # Not there when the programs were built on a machine of another architecture.
    if [ -d ${workspace}/share/manual ]; then
      cd ${workspace}/share/manual
      ${lib.concatMapStringsSep "\n  " install pages}
    fi
  '';

  converger = { piece, programs ? [ ], pages ? programs }: package {
    name = "converge-${piece}";
    programs = [ "converge-${piece}" ] ++ programs;
    pages = [ "converge-${piece}" ] ++ pages;
    description = "Keeps ${piece} of a Co-op Cloud server in its declared state";
  };
in
rec {
  converge-swarm = converger { piece = "swarm"; };
  converge-traefik = converger { piece = "traefik"; };
  converge-drone = converger { piece = "drone"; programs = [ "drone-runner" ]; };
  converge-bridge = converger { piece = "bridge"; pages = [ "comment-bridge" ]; };
  host-status = package { name = "host-status"; description = "Keeps a file current with the states of the host's units"; };
  # For the image: its man page is in the package of the converger.
  comment-bridge = package {
    name = "comment-bridge";
    pages = [ ];
    description = "Turns a member's !testme in a pull request into one build and one comment";
  };
  comment-bridge-image = import ./image.nix { inherit lib pkgs; } comment-bridge;
  converge-dashboard = converger { piece = "dashboard"; pages = [ "dashboard" ]; };
  # For the image, as comment-bridge.
  dashboard = package {
    name = "dashboard";
    pages = [ ];
    description = "Shows every recipe's standing, every run and the machine, from files alone";
  };
  dashboard-image = import ./image.nix { inherit lib pkgs; } dashboard;
}
