# services.converge.drone.runner: the service that runs Drone's builds, each step in its own unit.
# Outside converge.target: a switch neither restarts it nor ends a build. converge-drone starts it the first time, and
# restarts it after a drain when its program, configuration or secret has changed.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  inherit (config.services) converge;
  drone = converge.drone;
  cfg = drone.runner;
  settings = import ./settings.nix { inherit lib; };
  option = import ./option.nix { inherit lib; };
  mistakes = settings.assertions "drone-runner" "drone.runner" cfg.settings;
  given = settings.sound "drone-runner" cfg.settings;
  inherit (settings.effective "drone-runner" cfg.settings) limits;
  swarm = settings.sound "swarm" converge.swarm.settings;
  # What converge-drone is told of its repository and of this runner.
  declared = settings.sound "drone" drone.settings;
  repository = declared.repository.name or null;
  runner = lib.filterAttrs (_: value: value != null) (if declared.runner or null == null then { } else declared.runner);
  sandbox = import ./sandbox.nix { inherit lib; };
  checkedJson = import ./checked-json.nix { inherit lib pkgs; };

  program = lib.getExe' drone.package "drone-runner";
  configuration = "converge/drone-runner.json";
  # The names of this module that converge-drone needs.
  known = { unit = "drone-runner.service"; configuration = "/etc/${configuration}"; };
  secret = if drone.rpcSecret != null then drone.rpcSecret else "/var/lib/converge/drone/rpc-secret";
in
{
  options.services.converge.drone.runner = {
    enable = option.flag {
      default = true;
      description = "True to run Drone's builds on this machine.";
    };
    maxTests = mkOption {
      type = option.told {
        type = types.nullOr types.ints.positive;
        words = "a number above zero";
        hint = "write 1 or more, or set services.converge.drone.runner.enable = false";
        instead = null;
      };
      default = null;
      example = 2;
      description = "The number of builds that run at a time; further ones wait in Drone's queue. Null leaves it to drone-runner.";
    };
    settings = mkOption {
      type = settings.type;
      default = { };
      example = { steps.properties.MemoryMax = "8G"; };
      description = ''
        Content of /etc/converge/drone-runner.json; `drone-runner --schema` prints all settings.
        A change takes effect when the running builds have ended.
      '';
    };
  };

  config = lib.mkIf (drone.enable && cfg.enable) {
    assertions = mistakes ++ lib.optionals (mistakes ++ settings.assertions "drone" "drone" drone.settings == [ ]) [
      {
        assertion = builtins.intersectAttrs known runner == known;
        message = ''
          services.converge.drone.settings.runner names another unit or configuration than ${known.unit} and ${known.configuration}, which this machine has.
          hint: leave both unset, or set services.converge.drone.runner.enable = false where another configuration declares the runner.
        '';
      }
      {
        assertion = repository == null || !(given ? repositories) || lib.elem repository given.repositories;
        message = ''
          services.converge.drone.runner.settings.repositories is without ${toString repository}, so its builds would be refused.
          hint: leave it unset, or add the repository that services.converge.drone.settings.repository.name names.
        '';
      }
    ];

    services.converge.drone.settings.runner = lib.mapAttrs (_: lib.mkDefault) known;

    services.converge.drone.runner.settings = lib.mapAttrsRecursive (_: lib.mkDefault) ({
      steps = {
        environment = { ABRA_DIR = converge.abra.directory; DOCKER_HOST = "unix:///run/docker.sock"; };
        # The PATH of the operator's shell, independent of the generation.
        path = [ "/run/current-system/sw/bin" ];
        properties = { MemoryMax = "4G"; TasksMax = 4096; CPUWeight = 50; };
      };
      metrics = "/run/drone-runner/metrics.sock";
      # A restart waits for running builds. (A shutdown does not: it ends the steps' own units.)
      limits.drain_seconds = 60 * (settings.effective "drone" drone.settings).repository.timeout_minutes;
    } // lib.optionalAttrs (config.networking.hostName != "") {
      # Part of the settings, so that a changed host name restarts the runner. Empty where DHCP gives the name.
      name = config.networking.hostName;
    } // lib.optionalAttrs (cfg.maxTests != null) {
      capacity = cfg.maxTests;
    } // lib.optionalAttrs (declared ? domain) {
      server = "https://${declared.domain}";
    } // lib.optionalAttrs (repository != null) {
      repositories = [ repository ];
    } // lib.optionalAttrs (swarm ? advertise_address) {
      # Traefik is on this machine: neither DNS nor a route over the router is needed.
      address = swarm.advertise_address;
    });

    environment.etc.${configuration}.source = checkedJson { name = "drone-runner"; inherit program; inherit (cfg) settings; };

    systemd.services.drone-runner = {
      description = "Runs Drone's builds, each step in a unit of its own";
      # Not multi-user.target: a switch starts that again and would wait for a draining runner. Nothing waits for a unit
      # that is only wanted. With this, a reboot starts the runner too.
      wantedBy = [ "converge-drone.service" ];
      # After= also orders the shutdown: the runner ends before Docker and the network.
      after = [ "network.target" "docker.service" ];
      # A switch must not end a build; converge-drone sees that the runner is stale and drains it.
      restartIfChanged = false;
      # Without the secret the runner cannot connect: a start before converge-drone has generated it is not a failure.
      unitConfig.ConditionPathExists = secret;
      serviceConfig = sandbox { network = true; } // {
        # root, because systemd starts transient units only for root. The right to start units is as good as root, so an
        # own user with a polkit rule would not be safer. This sandbox does not apply to steps: they are units of their
        # own, restricted by steps.properties.
        Type = "notify";
        NotifyAccess = "main";
        ExecStart = program;
        # By hand: new settings for later builds without a drain. (A new secret needs a restart.)
        ExecReload = "${config.systemd.package}/bin/systemctl kill --kill-whom=main --signal=HUP drone-runner.service";
        LoadCredential = "rpc-secret:${secret}";
        RuntimeDirectory = "drone-runner";
        StateDirectory = "drone-runner";
        StateDirectoryMode = "0700";
        # Open: the runner removes the workspace of a step, which may hold files of other users and read-only
        # directories.
        CapabilityBoundingSet = "CAP_DAC_OVERRIDE CAP_FOWNER";
        # The program ends by itself before: it drains, kills the rest, and reports.
        TimeoutStopSec = limits.drain_seconds + limits.stop_seconds + 30;
        Restart = "on-failure";
        RestartSec = 5;
        # A restart does not help with a wrong configuration.
        RestartPreventExitStatus = 2;
      };
    };
  };
}
