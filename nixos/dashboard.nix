# services.converge.dashboard: the dashboard, which shows every recipe's standing, every run and the machine.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  inherit (config.services) converge;
  cfg = converge.dashboard;
  settings = import ./settings.nix { inherit lib; };
  option = import ./option.nix { inherit lib; };
  mistakes = settings.assertions "dashboard" "dashboard" cfg.settings;
  # What follows from a mistake elsewhere is not told here.
  mistakesElsewhere = settings.assertions "traefik" "traefik" converge.traefik.settings;
  given = settings.sound "dashboard" cfg.settings;
  effective = settings.effective "dashboard" cfg.settings;
  swarm = settings.sound "swarm" converge.swarm.settings;
  traefik = settings.sound "traefik" converge.traefik.settings;
  drone = settings.sound "drone" converge.drone.settings;
  bridge = settings.sound "bridge" converge.bridge.settings;

  account = import ./container.nix { inherit lib; } {
    piece = "dashboard";
    program = "dashboard";
    inherit (effective) user;
    default = (settings.effective "dashboard" { }).user;
  };

  # Docker mounts a directory as it is when the container starts, so each is there before Docker. The bridge makes its own.
  ofTheBridge = let it = settings.effective "bridge" converge.bridge.settings; in
    lib.optionals converge.bridge.enable [ it.runs it.published ];
  read = lib.filter (path: !lib.elem path ofTheBridge) [ effective.runs effective.reports effective.bridge ];

  ourImage = (import ./packages.nix { inherit lib pkgs; }).dashboard-image;
in
{
  options.services.converge.dashboard = {
    enable = option.flag { default = false; description = "True to keep the dashboard deployed, which shows recipes, runs and this machine."; };
    package = option.package {
      default = (import ./packages.nix { inherit lib pkgs; }).converge-dashboard;
      defaultText = "converge-dashboard of this project";
      program = "converge-dashboard";
      description = "The package with the program converge-dashboard.";
    };
    image = mkOption {
      type = option.told {
        type = types.path;
        words = "a path";
        hint = "leave it unset, or write the path of a docker archive of dashboard";
        instead = ourImage;
      };
      default = ourImage;
      defaultText = lib.literalExpression "the image of dashboard of this project";
      description = "The docker archive of dashboard. Swarm runs the image in it and pulls nothing.";
    };
    settings = mkOption {
      type = settings.type;
      default = { };
      example.domain = "ci.example.org";
      description = "Content of /etc/converge/dashboard.json; `converge-dashboard --schema` prints all settings.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = mistakes ++ lib.optionals (mistakes ++ mistakesElsewhere == [ ]) [
      {
        assertion = cfg.settings ? domain;
        message = ''
          services.converge.dashboard has no domain.
          hint: set services.converge.dashboard.settings.domain, such as "ci.example.org", or that of services.converge.traefik, which it takes over.
        '';
      }
      account.assertion
    ];

    services.converge.dashboard.settings = lib.mapAttrsRecursive (_: lib.mkDefault) ({
      image = "${cfg.image}";
    } // lib.optionalAttrs (traefik ? domain) {
      # The certificate names the bare domain too.
      inherit (traefik) domain;
    } // lib.optionalAttrs (drone ? gitea.address) {
      gitea = drone.gitea.address;
    } // lib.optionalAttrs (bridge ? runs) {
      inherit (bridge) runs;
    } // lib.optionalAttrs (bridge ? published) {
      bridge = bridge.published;
    } // lib.optionalAttrs (swarm ? advertise_address) {
      probe.address = swarm.advertise_address;
    });

    services.converge.pieces.dashboard = {
      description = "The dashboard in its declared state";
      inherit (cfg) package settings;
      domain = given.domain or null;
      needs = [ "swarm" ] ++ lib.optional converge.traefik.enable "traefik";
      network = true;
    };

    users = account.accounts;

    systemd.tmpfiles.rules = [ "d ${effective.index} 0700 ${account.owner} -" ]
      ++ map (path: "d ${path} 0755 root root -") read;
  };
}
