# The command `converge <name> [arguments]`: runs one piece by hand with its unit's credentials and sandbox.
{ config, lib, pkgs, ... }:
let
  inherit (config.services.converge) pieces;

  word = x: if x == true then "yes" else if x == false then "no" else toString x;
  # The credentials of a transient unit; systemd does not expand %d there.
  spell = value: lib.concatMapStringsSep ''"/run/credentials/$unit"'' lib.escapeShellArg (lib.splitString "%d" value);

  # Properties about start, stop and status are left out. All others restrict the program and apply by hand too.
  ofTheUnit = [ "ExecStart" "NotifyAccess" "RemainAfterExit" "TimeoutStartSec" "TimeoutStopSec" "Type" ];
  properties = name: lib.concatLists (lib.mapAttrsToList
    (key: values: map (value: lib.escapeShellArg "--property=${key}=${word value}") (lib.toList values))
    (removeAttrs config.systemd.services."converge-${name}".serviceConfig ofTheUnit));
  # As in the unit, PATH included.
  environment = name: lib.mapAttrsToList (key: value: spell "--setenv=${key}=${value}")
    (lib.filterAttrs (_: value: value != null)
      (config.systemd.globalEnvironment // config.systemd.services."converge-${name}".environment));

  case = name: piece: ''
    ${name})
      program=${lib.getExe piece.package}
      options=(
        ${lib.concatStringsSep "\n    " (properties name ++ environment name)}
      )
      ;;
  '';

  converge = pkgs.writeShellApplication {
    name = "converge";
    runtimeInputs = [ config.systemd.package pkgs.coreutils ];
    text = ''
      usage() {
        printf 'usage: converge NAME [ARGUMENTS]\n\nRuns one piece by hand, as its unit would; --plan shows what it would change.\n\nnames: %s\n' \
          ${lib.escapeShellArg (toString (lib.attrNames pieces))}
      }
      name=''${1-}
      unit=converge-$name-by-hand-$$.service
      case "$name" in
      ${lib.concatStrings (lib.mapAttrsToList case pieces)}
      -h|--help) usage; exit 0 ;;
      *) usage >&2; exit 2 ;;
      esac
      shift
      if [ "$(id -u)" != 0 ]; then
        printf 'converge: only root can read the credentials of %s\nhint: sudo converge %s %s\n' "$name" "$name" "$*" >&2
        exit 2
      fi
      # Variables of the caller that change the output.
      for variable in TERM NO_COLOR RUST_LOG; do
        if [ -n "''${!variable-}" ]; then options+=("--setenv=$variable"); fi
      done
      # An interrupt stops the piece too: systemd-run alone would leave it running.
      # In the background: bash runs a trap only after the foreground command has ended.
      trap 'systemctl stop "$unit" 2>/dev/null || true' INT TERM HUP
      systemd-run --quiet --pipe --wait --collect --service-type=exec --unit="$unit" "''${options[@]}" -- "$program" "$@" <&0 &
      status=0
      wait "$!" || status=$?
      # A signal ends the first wait. The second one returns the program's exit code.
      if kill -0 "$!" 2>/dev/null; then status=0; wait "$!" || status=$?; fi
      exit "$status"
    '';
  };
in
{
  config = lib.mkIf (pieces != { }) {
    environment.systemPackages = [ converge ];
  };
}
