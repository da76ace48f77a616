# Not yet run with Nix: there is no nixpkgs where this project is tested, so there is no flake.lock either.
# Its outputs are evaluated against the stand-in of nixos/tests.
{
  description = "A Co-op Cloud recipe CI server that keeps itself in its declared state";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      eachSystem = f: lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: f nixpkgs.legacyPackages.${system});
    in
    {
      nixosModules.default = ./nixos;

      packages = eachSystem (pkgs: import ./nixos/packages.nix { inherit lib pkgs; });

      checks = eachSystem (pkgs: { machine = pkgs.testers.runNixOSTest ./nixos/tests/machine.nix; });

      devShells = eachSystem (pkgs: {
        # The tools that CONTRIBUTING.md names.
        default = pkgs.mkShell {
          packages = with pkgs; [ cargo clippy rustc rustfmt cargo-deny cargo-insta cargo-machete nix git ];
        };
      });
    };
}
