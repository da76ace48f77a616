# The NixOS modules of this project: one a piece, and the shape the pieces share.
{
  imports = [
    ./converge.nix
    ./command.nix
    ./host.nix
    ./swarm.nix
    ./traefik.nix
    ./drone.nix
    ./drone-runner.nix
    ./bridge.nix
  ];
}
