# The NixOS modules of this project: one for each piece, and their common parts.
{
  imports = [
    ./converge.nix
    ./command.nix
    ./domains.nix
    ./host.nix
    ./host-status.nix
    ./mistakes.nix
    ./swarm.nix
    ./traefik.nix
    ./drone.nix
    ./drone-runner.nix
    ./bridge.nix
    ./dashboard.nix
  ];
}
