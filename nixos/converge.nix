# The parts of every piece: JSON file, unit, converge.target and the optional timer.
# A piece's own module sets services.converge.pieces.<name>. This module names no piece.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.converge;
  settings = import ./settings.nix { inherit lib; };
  option = import ./option.nix { inherit lib; };
  sandbox = import ./sandbox.nix { inherit lib; };

  checkedJson = import ./checked-json.nix { inherit lib pkgs; };
  json = name: piece: checkedJson { name = "converge-${name}"; program = lib.getExe piece.package; inherit (piece) settings; };

  unitOf = name: "converge-${name}.service";

  service = name: piece: let inherit (settings.effective name piece.settings) limits; in {
    description = piece.description;
    wantedBy = [ "converge.target" "docker.service" ] ++ map unitOf piece.follows;
    # Stops and starts with the target (every switch) and with Docker (observes a restarted Docker again).
    partOf = [ "converge.target" "docker.service" ] ++ map unitOf piece.follows;
    # Wants, not Requires: if one of these is down, the piece still starts, reports it, and fails by itself.
    wants = [ "docker.service" ] ++ map unitOf piece.needs;
    after = [ "docker.service" "docker.socket" ] ++ map unitOf piece.needs ++ piece.after;
    restartTriggers = [ config.environment.etc."converge/${name}.json".source ];
    inherit (piece) path environment;
    serviceConfig = sandbox { inherit (piece) network; } // {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = lib.getExe piece.package;
      # The program ends by itself with a report before systemd's timeout.
      TimeoutStartSec = limits.run_seconds + limits.lock_seconds + 30;
      TimeoutStopSec = 30;
      # STATUS= stays readable after exit.
      NotifyAccess = "main";
      StateDirectory = lib.concatStringsSep " " ([ "converge/${name}" ] ++ piece.stateDirectories);
      StateDirectoryMode = "0700";
      # Reports stay after the run. All pieces share the directory.
      RuntimeDirectory = "converge";
      RuntimeDirectoryPreserve = "yes";
    } // lib.optionalAttrs (piece.credentials != { }) {
      LoadCredential = lib.mapAttrsToList (id: path: "${id}:${path}") piece.credentials;
      # The content for a missing file: the program names the empty credential and does the rest. systemd alone would
      # not start it and not name the file.
      SetCredential = map (id: "${id}:${piece.withoutCredential.${id} or "\\n"}") (lib.attrNames piece.credentials);
    };
  };

  # Numbers with a unit each; a bare number is seconds.
  unit = "us|usec|µs|ms|msec|s|sec|seconds?|m|min|minutes?|h|hr|hours?|d|days?|w|weeks?|M|months?|y|years?";
  isTimeSpan = text: builtins.match "( *[0-9]+([.][0-9]+)? *(${unit})?)+ *" text != null && builtins.match ".*[1-9].*" text != null;

  piece = { name, config, ... }: {
    options = {
      description = mkOption { type = types.str; description = "Description of the unit, one line."; };
      package = mkOption { type = types.package; description = "Package with the piece's program."; };
      settings = mkOption { type = settings.type; description = "Content of /etc/converge/<name>.json."; };
      domain = mkOption { type = types.nullOr types.str; default = null; description = "Domain of what the piece deploys, if it has one."; };
      needs = mkOption { type = types.listOf types.str; default = [ ]; description = "Pieces that run before this one."; };
      follows = mkOption { type = types.listOf types.str; default = [ ]; description = "Pieces whose every run is followed by a run of this one."; };
      after = mkOption { type = types.listOf types.str; default = [ ]; description = "Other units that start before this one."; };
      credentials = mkOption { type = types.attrsOf types.externalPath; default = { }; description = "Files for LoadCredential."; };
      withoutCredential = mkOption { type = types.attrsOf types.str; default = { }; description = "Content of a credential whose file is missing; empty by default."; };
      path = mkOption { type = types.listOf types.package; default = [ ]; description = "Packages in the PATH of the piece."; };
      environment = mkOption { type = types.attrsOf types.str; default = { }; description = "Environment of the program. Never holds a secret."; };
      network = mkOption { type = types.bool; default = false; description = "True if the piece uses more than unix sockets."; };
      stateDirectories = mkOption { type = types.listOf types.str; default = [ ]; description = "Directories under /var/lib in addition to the piece's own."; };
    };
    config = {
      environment = {
        # Not /root, which ProtectHome hides: git and docker read their settings in HOME.
        HOME = "/var/lib/converge/${name}";
      } // lib.optionalAttrs (config.stateDirectories != [ ]) {
        # systemd joins all of StateDirectory= with colons. The first one is the piece's own.
        STATE_DIRECTORY = "/var/lib/converge/${name}";
      };
    };
  };
in
{
  options.services.converge = {
    interval = mkOption {
      type = option.told {
        type = types.nullOr types.str;
        check = x: x == null || builtins.isString x && isTimeSpan x;
        words = "a time span of systemd.time(7) above zero";
        hint = "write a number and a unit, such as \"1h\"";
        instead = null;
      };
      default = null;
      example = "1h";
      description = ''
        Time between two runs besides switches and boots, as a time span of systemd.time(7).
        Must be longer than a run: the timer stops a run in progress and starts it again.
      '';
    };
    pieces = mkOption {
      type = types.attrsOf (types.submodule piece);
      default = { };
      internal = true;
      description = "The enabled pieces, set by their own modules.";
    };
  };

  config = lib.mkIf (cfg.pieces != { }) {
    environment.etc = lib.mapAttrs' (name: piece: lib.nameValuePair "converge/${name}.json" { source = json name piece; }) cfg.pieces;

    systemd.services = lib.mapAttrs' (name: piece: lib.nameValuePair "converge-${name}" (service name piece)) cfg.pieces
      // lib.optionalAttrs (cfg.interval != null) {
        converge-again = {
          description = "Look at the declared state again";
          serviceConfig = sandbox { network = false; } // {
            Type = "oneshot";
            ExecStart = "${config.systemd.package}/bin/systemctl --no-block restart converge.target";
          };
        };
      };

    systemd.targets.converge = {
      description = "The declared state of this Co-op Cloud server";
      wantedBy = [ "multi-user.target" ];
      # A switch restarts the target, and with it every piece in order.
      unitConfig.X-StopOnReconfiguration = true;
    };

    systemd.timers.converge-again = lib.mkIf (cfg.interval != null) {
      description = "Look at the declared state again, every ${cfg.interval}";
      wantedBy = [ "timers.target" ];
      timerConfig = { OnActiveSec = cfg.interval; OnUnitActiveSec = cfg.interval; AccuracySec = "1min"; };
    };
  };
}
