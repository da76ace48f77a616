# What every piece shares: its JSON file, its unit, converge.target and the optional timer.
# A piece's own module fills in services.converge.pieces.<name>; nothing else here knows a piece by name.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.converge;
  effective = import ./effective.nix { inherit lib; };
  sandbox = import ./sandbox.nix { inherit lib; };

  checkedJson = import ./checked-json.nix { inherit lib pkgs; };
  json = name: piece: checkedJson { name = "converge-${name}"; program = lib.getExe piece.package; inherit (piece) settings; };

  unitOf = name: "converge-${name}.service";

  service = name: piece: let inherit (effective name piece.settings) limits; in {
    description = piece.description;
    wantedBy = [ "converge.target" "docker.service" ] ++ map unitOf piece.follows;
    # Stopped and started with the target (every switch) and with Docker (a restarted Docker is looked at again).
    partOf = [ "converge.target" "docker.service" ] ++ map unitOf piece.follows;
    # Wants, not Requires: with one of these down the piece still starts, says so, and fails by itself.
    wants = [ "docker.service" ] ++ map unitOf piece.needs;
    after = [ "docker.service" "docker.socket" ] ++ map unitOf piece.needs ++ piece.after;
    restartTriggers = [ config.environment.etc."converge/${name}.json".source ];
    inherit (piece) path environment;
    serviceConfig = sandbox { inherit (piece) network; } // {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = lib.getExe piece.package;
      # The program ends itself, with a report, before systemd would.
      TimeoutStartSec = limits.run_seconds + limits.lock_seconds + 30;
      TimeoutStopSec = 30;
      # STATUS= stays readable after exit.
      NotifyAccess = "main";
      StateDirectory = lib.concatStringsSep " " ([ "converge/${name}" ] ++ piece.stateDirectories);
      StateDirectoryMode = "0700";
      # Reports outlive the run, and every piece writes its own beside the others'.
      RuntimeDirectory = "converge";
      RuntimeDirectoryPreserve = "yes";
    } // lib.optionalAttrs (piece.credentials != { }) {
      LoadCredential = lib.mapAttrsToList (id: path: "${id}:${path}") piece.credentials;
      # What the program finds where the file is missing: it says which credential is empty and does the rest,
      # where systemd would start nothing and name nothing.
      SetCredential = map (id: "${id}:${piece.withoutCredential.${id} or "\\n"}") (lib.attrNames piece.credentials);
    };
  };

  piece = { name, config, ... }: {
    options = {
      description = mkOption { type = types.str; description = "The unit's one line."; };
      package = mkOption { type = types.package; description = "The package with the piece's program."; };
      settings = mkOption { type = (pkgs.formats.json { }).type; description = "What /etc/converge/<name>.json says."; };
      needs = mkOption { type = types.listOf types.str; default = [ ]; description = "Pieces that go first."; };
      follows = mkOption { type = types.listOf types.str; default = [ ]; description = "Pieces after whose every run this one runs again."; };
      after = mkOption { type = types.listOf types.str; default = [ ]; description = "Other units that go first."; };
      credentials = mkOption { type = types.attrsOf types.externalPath; default = { }; description = "Files handed over by LoadCredential."; };
      withoutCredential = mkOption { type = types.attrsOf types.str; default = { }; description = "What stands in for a credential whose file is missing, if not nothing."; };
      path = mkOption { type = types.listOf types.package; default = [ ]; description = "Packages whose programs the piece runs."; };
      environment = mkOption { type = types.attrsOf types.str; default = { }; description = "Environment of the program; never a secret."; };
      network = mkOption { type = types.bool; default = false; description = "Whether the piece talks to more than unix sockets."; };
      stateDirectories = mkOption { type = types.listOf types.str; default = [ ]; description = "Directories under /var/lib besides the piece's own."; };
    };
    config = {
      environment = {
        # Not /root, which ProtectHome closes: git and docker's command line look for their own settings there.
        HOME = "/var/lib/converge/${name}";
      } // lib.optionalAttrs (config.stateDirectories != [ ]) {
        # systemd would join all of StateDirectory= with colons; the program's own is the first.
        STATE_DIRECTORY = "/var/lib/converge/${name}";
      };
    };
  };
in
{
  options.services.converge = {
    interval = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "1h";
      description = ''
        How often to look again between switches and boots, as a time span of systemd.time(7).
        Longer than the pieces take: a run that is still going is stopped and starts over.
      '';
    };
    pieces = mkOption {
      type = types.attrsOf (types.submodule piece);
      default = { };
      internal = true;
      description = "The enabled pieces, filled in by their own modules.";
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
      # A switch stops the target and starts it again, and with it every piece, in order.
      unitConfig.X-StopOnReconfiguration = true;
    };

    systemd.timers.converge-again = lib.mkIf (cfg.interval != null) {
      description = "Look at the declared state again, every ${cfg.interval}";
      wantedBy = [ "timers.target" ];
      timerConfig = { OnActiveSec = cfg.interval; OnUnitActiveSec = cfg.interval; AccuracySec = "1min"; };
    };
  };
}
