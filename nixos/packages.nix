# The programs, one package each, from the one workspace.
# Not yet run with Nix: no machine of this project's tests has nixpkgs. Evaluated with a stand-in only.
{ lib, pkgs }:
let
  piece = name: pkgs.rustPlatform.buildRustPackage {
    pname = "converge-${name}";
    version = "0.1.0";
    src = lib.fileset.toSource {
      root = ../.;
      # Cargo wants every member of the workspace to be there, also those that are not built.
      fileset = lib.fileset.intersection
        (lib.fileset.fileFilter (file: !file.hasExt "nix") ../.)
        (lib.fileset.unions [ ../Cargo.toml ../Cargo.lock ../common ../converge-swarm ../converge-traefik ../converge-drone ../converge-bridge ../nixos/tests ../tests ]);
    };
    cargoLock.lockFile = ../Cargo.lock;
    cargoBuildFlags = [ "--package=converge-${name}" ];
    # What needs Docker or root is tested outside of the build.
    cargoTestFlags = [ "--package=converge-${name}" "--lib" ];
    meta = {
      description = "Keeps ${name} of a Co-op Cloud server in its declared state";
      license = with lib.licenses; [ mit asl20 ];
      platforms = lib.platforms.linux;
      mainProgram = "converge-${name}";
    };
  };
in
rec {
  converge-swarm = piece "swarm";
  converge-traefik = piece "traefik";
  # Brings drone-runner too.
  converge-drone = piece "drone";
  converge-bridge = piece "bridge";

  # The program alone: what runs in a container brings no converger along.
  comment-bridge = converge-bridge.overrideAttrs (old: {
    pname = "comment-bridge";
    cargoBuildFlags = old.cargoBuildFlags ++ [ "--bin=comment-bridge" ];
    meta = old.meta // {
      description = "Turns a member's !testme in a pull request into one build and one comment";
      mainProgram = "comment-bridge";
    };
  });
  comment-bridge-image = import ./image.nix { inherit lib pkgs; } comment-bridge;
}
