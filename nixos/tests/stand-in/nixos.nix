# The NixOS options that our modules and the example host set, as far as they matter to what is rendered.
# A declaration here stands for nixpkgs' own; `lib` is the stand-in or nixpkgs' real one.
{ lib, config, pkgs, ... }:
let
  inherit (lib) mkOption types;

  texts = default: mkOption { type = types.listOf types.str; inherit default; };
  section = mkOption { type = types.attrsOf types.unspecified; default = { }; };
  # Settings of the host that nothing here renders.
  unrendered = mkOption { type = types.attrsOf types.anything; default = { }; };

  unit = {
    enable = mkOption { type = types.bool; default = true; };
    description = mkOption { type = types.singleLineStr; default = ""; };
    documentation = texts [ ];
    overrideStrategy = mkOption { type = types.enum [ "asDropinIfExists" "asDropin" ]; default = "asDropinIfExists"; };
    unitConfig = section;
  } // lib.genAttrs [ "wants" "requires" "requisite" "after" "before" "bindsTo" "partOf" "conflicts" "wantedBy" "requiredBy" "onFailure" ] (_: texts [ ]);

  service = unit // {
    serviceConfig = section;
    path = mkOption { type = types.listOf (types.oneOf [ types.package types.str ]); default = [ ]; };
    environment = mkOption { type = types.attrsOf (types.nullOr (types.oneOf [ types.str types.path types.package ])); default = { }; };
    restartTriggers = mkOption { type = types.listOf types.unspecified; default = [ ]; };
    restartIfChanged = mkOption { type = types.bool; default = true; };
    stopIfChanged = mkOption { type = types.bool; default = true; };
  };
  timer = unit // { timerConfig = section; };

  units = options: extra: mkOption {
    type = types.attrsOf (types.submodule { imports = [ { inherit options; } extra ]; });
    default = { };
  };

  systemd = config.systemd.package;
  settings = (pkgs.formats.json { }).type;
in
{
  options = {
    assertions = mkOption { type = types.listOf types.unspecified; default = [ ]; };
    warnings = texts [ ];

    environment.systemPackages = mkOption { type = types.listOf types.package; default = [ ]; };
    environment.variables = mkOption { type = types.attrsOf types.str; default = { }; };
    environment.sessionVariables = mkOption { type = types.attrsOf types.str; default = { }; };
    environment.etc = mkOption {
      default = { };
      type = types.attrsOf (types.submodule ({ name, config, ... }: {
        options = {
          enable = mkOption { type = types.bool; default = true; };
          target = mkOption { type = types.str; default = name; };
          text = mkOption { type = types.nullOr types.lines; default = null; };
          source = mkOption { type = types.path; default = pkgs.writeText name config.text; };
          mode = mkOption { type = types.str; default = "symlink"; };
        };
      }));
    };

    networking.firewall = {
      enable = mkOption { type = types.bool; default = true; };
      trustedInterfaces = texts [ ];
      allowedTCPPorts = mkOption { type = types.listOf types.port; default = [ ]; };
    };
    networking.hostName = mkOption { type = types.str; default = "nixos"; };
    networking.interfaces = unrendered;
    networking.defaultGateway = mkOption { type = types.nullOr types.str; default = null; };
    networking.nameservers = texts [ ];

    time.timeZone = mkOption { type = types.nullOr types.str; default = null; };
    system.stateVersion = mkOption { type = types.str; default = "26.05"; };
    boot = unrendered;
    fileSystems = unrendered;
    users = unrendered;
    services.openssh = unrendered;

    systemd.package = mkOption { type = types.package; default = pkgs.systemd; };
    systemd.globalEnvironment = mkOption { type = types.attrsOf types.str; default = { TZDIR = "${pkgs.tzdata}/share/zoneinfo"; }; };
    systemd.services = units service ({ config, ... }: {
      config.path = lib.mkAfter [ pkgs.coreutils pkgs.findutils pkgs.gnugrep pkgs.gnused systemd ];
      config.environment.PATH = "${lib.makeBinPath config.path}:${lib.makeSearchPathOutput "bin" "sbin" config.path}";
    });
    systemd.targets = units unit { };
    systemd.timers = units timer { };
    systemd.tmpfiles.rules = texts [ ];

    virtualisation.docker = {
      enable = mkOption { type = types.bool; default = false; };
      enableOnBoot = mkOption { type = types.bool; default = true; };
      package = mkOption { type = types.package; default = pkgs.docker; };
      daemon.settings = mkOption {
        default = { };
        type = types.submodule {
          freeformType = settings;
          options.live-restore = mkOption { type = types.bool; default = lib.versionOlder config.system.stateVersion "24.11"; };
        };
      };
    };
  };

  # As in nixpkgs: PAM sets them at every login and in sudo, and shells again.
  config.environment.variables = lib.mapAttrs (_: lib.mkDefault) config.environment.sessionVariables;
}
