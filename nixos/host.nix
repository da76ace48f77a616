# The settings of the host that a Swarm with Co-op Cloud recipes needs.
{ config, lib, pkgs, ... }:
let
  cfg = config.services.converge;
  settings = import ./settings.nix { inherit lib; };
  option = import ./option.nix { inherit lib; };
  directory = (settings.effective "traefik" { }).abra_directory;
  timeZone = if config.time.timeZone == null then "Etc/UTC" else config.time.timeZone;
in
{
  options.services.converge.abra = {
    package = option.package {
      default = pkgs.abra;
      defaultText = "pkgs.abra";
      program = "abra";
      description = "The package with the program abra.";
    };
    directory = lib.mkOption {
      type = option.told {
        type = lib.types.enum [ directory ];
        words = directory;
        hint = "remove your setting; the sandboxes of the pieces have only this directory";
        instead = directory;
      };
      default = directory;
      description = "ABRA_DIR of the pieces and of the operator's shell. It cannot be changed.";
    };
  };

  options.services.converge.registryCredentials = option.secret {
    example = "/run/secrets/docker-config.json";
    description = "Path, outside the store, of a Docker config.json whose `auths` are used to pull images.";
  };

  config = lib.mkIf (cfg.pieces != { }) {
    assertions = [
      {
        assertion = !config.virtualisation.docker.daemon.settings.live-restore;
        message = ''
          virtualisation.docker.daemon.settings.live-restore is on; dockerd refuses to start with it once there is a Swarm.
          hint: remove your setting; services.converge turns it off.
        '';
      }
      {
        assertion = config.virtualisation.docker.enable;
        message = ''
          virtualisation.docker.enable is off, and services.converge keeps a Swarm of Docker.
          hint: remove your setting; services.converge turns Docker on.
        '';
      }
      {
        assertion = cfg.swarm.enable;
        message = ''
          services.converge ${lib.concatStringsSep ", " (lib.attrNames cfg.pieces)} is enabled without services.converge.swarm, which keeps the Swarm that it runs in.
          hint: set services.converge.swarm.enable = true.
        '';
      }
    ];

    virtualisation.docker.enable = lib.mkDefault true;
    virtualisation.docker.daemon.settings.live-restore = lib.mkDefault false;
    # Swarm needs its advertised address when it starts, and a clock at which its certificate is valid. Without a unit that
    # waits for the clock, the second order has no effect.
    systemd.services.docker = {
      wants = [ "network-online.target" ];
      after = [ "network-online.target" "time-sync.target" ];
    };

    # Recipes mount /etc/localtime and /etc/timezone. NixOS has the first only with a time zone, the second never.
    time.timeZone = lib.mkDefault "Etc/UTC";
    environment.etc.timezone.text = "${timeZone}\n";

    # Set by PAM too, so that `sudo abra` has it.
    environment.sessionVariables.ABRA_DIR = cfg.abra.directory;
    environment.systemPackages = [ cfg.abra.package pkgs.git ];
  };
}
