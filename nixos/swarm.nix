# services.converge.swarm: the Swarm and its networks.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.converge.swarm;
  settings = import ./settings.nix { inherit lib; };
  option = import ./option.nix { inherit lib; };
  mistakes = settings.assertions "swarm" "swarm" cfg.settings;
in
{
  options.services.converge.swarm = {
    enable = option.flag { default = false; description = "True to keep this machine's Swarm in its declared state."; };
    package = option.package {
      default = (import ./packages.nix { inherit lib pkgs; }).converge-swarm;
      defaultText = "converge-swarm of this project";
      program = "converge-swarm";
      description = "The package with the program converge-swarm.";
    };
    settings = mkOption {
      type = settings.type;
      default = { };
      example = { advertise_address = "192.0.2.10"; };
      description = "Content of /etc/converge/swarm.json; `converge-swarm --schema` prints all settings.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = mistakes ++ lib.optionals (mistakes == [ ]) [
      {
        assertion = cfg.settings ? advertise_address;
        message = ''
          services.converge.swarm has no address to advertise; Docker guesses wrong on a machine with more than one.
          hint: set services.converge.swarm.settings.advertise_address to this machine's own, such as "192.0.2.10".
        '';
      }
    ];

    services.converge.swarm.settings = lib.mapAttrsRecursive (_: lib.mkDefault) {
      address_pools = { pools = [ "10.20.0.0/16" ]; subnet_size = 24; };
      task_history = 5;
      networks.proxy.subnet = "10.10.0.0/16";
    };

    services.converge.pieces.swarm = {
      description = "Swarm and its networks in their declared state";
      inherit (cfg) package settings;
    };
  };
}
