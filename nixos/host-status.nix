# services.converge.hostStatus: the service that keeps the states of the host's units in a file, for the dashboard, which
# runs in a container and has no access to systemd.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption;
  inherit (config.services) converge;
  cfg = converge.hostStatus;
  settings = import ./settings.nix { inherit lib; };
  option = import ./option.nix { inherit lib; };
  sandbox = import ./sandbox.nix { inherit lib; };
  checkedJson = import ./checked-json.nix { inherit lib pkgs; };

  program = lib.getExe' cfg.package "host-status";
  configuration = "converge/host-status.json";
  user = "host-status";
in
{
  options.services.converge.hostStatus = {
    enable = option.flag {
      default = converge.dashboard.enable or false;
      description = "True to keep the states of this machine's units in a file for the dashboard. Follows the dashboard by default.";
    };
    package = option.package {
      default = (import ./packages.nix { inherit lib pkgs; }).host-status;
      defaultText = "host-status of this project";
      program = "host-status";
      description = "The package with the program host-status.";
    };
    settings = mkOption {
      type = settings.type;
      default = { };
      example.units = [ "docker.service" "sshd.service" ];
      description = "Content of /etc/converge/host-status.json; `host-status --schema` prints all settings.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = settings.assertions "host-status" "hostStatus" cfg.settings;

    environment.etc.${configuration}.source = checkedJson { name = "host-status"; inherit program; inherit (cfg) settings; };

    # A static user: a dynamic one has been refused by the system bus.
    users.users.${user} = { group = user; isSystemUser = true; };
    users.groups.${user} = { };

    systemd.services.host-status = {
      description = "Keeps the states of units in a file, for the dashboard";
      wantedBy = [ "multi-user.target" ];
      # An order alone: without the bus the program starts, says that the states are not known, and connects later.
      after = [ "dbus.socket" ];
      restartTriggers = [ config.environment.etc.${configuration}.source ];
      # No capability, no device, no network and no address family but that of the bus and the journal: all that systemd
      # weighs is closed, except that the program may call what ordinary services call, and is not in a root of its own,
      # where it could not see which files of credentials are missing.
      serviceConfig = sandbox { network = false; } // {
        Type = "notify";
        NotifyAccess = "main";
        ExecStart = program;
        User = user;
        Group = user;
        # Below the directory of the reports, which belongs to root: the program can replace no report. Gone when the
        # service has ended, so that no file claims to be current.
        RuntimeDirectory = "converge/host";
        RuntimeDirectoryPreserve = "restart";
        Restart = "on-failure";
        RestartSec = 5;
        # A restart does not help with a wrong configuration.
        RestartPreventExitStatus = 2;
      };
    };
  };
}
