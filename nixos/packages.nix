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
    meta = {
      description = "All programs of a Co-op Cloud recipe CI server";
      license = with lib.licenses; [ mit asl20 ];
      platforms = lib.platforms.linux;
    };
  };

  # Copies, not links: no package, and so no image, has another's programs in its closure.
  package = { name, programs ? [ name ], description }: pkgs.runCommand "${name}-${source.version}"
    {
      passthru = { inherit workspace; };
      meta = workspace.meta // { inherit description; mainProgram = name; };
    } ''
    ${lib.concatMapStringsSep "\n" (program: "install -D --mode=0555 --target-directory=$out/bin ${workspace}/bin/${program}") programs}
  '';

  converger = { piece, programs ? [ ] }: package {
    name = "converge-${piece}";
    programs = [ "converge-${piece}" ] ++ programs;
    description = "Keeps ${piece} of a Co-op Cloud server in its declared state";
  };
in
rec {
  converge-swarm = converger { piece = "swarm"; };
  converge-traefik = converger { piece = "traefik"; };
  converge-drone = converger { piece = "drone"; programs = [ "drone-runner" ]; };
  converge-bridge = converger { piece = "bridge"; };
  comment-bridge = package {
    name = "comment-bridge";
    description = "Turns a member's !testme in a pull request into one build and one comment";
  };
  comment-bridge-image = import ./image.nix { inherit lib pkgs; } comment-bridge;
}
