# services.converge.bridge: comment-bridge, which answers a member's `!testme` with one build and one comment.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  inherit (config.services) converge;
  inherit (converge) drone;
  cfg = converge.bridge;
  settings = import ./settings.nix { inherit lib; };
  option = import ./option.nix { inherit lib; };
  mistakes = settings.assertions "bridge" "bridge" cfg.settings;
  # What follows from a mistake elsewhere is not told here.
  mistakesElsewhere = settings.assertions "traefik" "traefik" converge.traefik.settings ++ settings.assertions "drone" "drone" drone.settings;
  given = settings.sound "bridge" cfg.settings;
  effective = settings.effective "bridge" cfg.settings;
  swarm = settings.sound "swarm" converge.swarm.settings;
  base = (settings.sound "traefik" converge.traefik.settings).domain or null;
  declared = settings.sound "drone" drone.settings;
  dashboard = settings.sound "dashboard" converge.dashboard.settings;
  # The Drone and the repository that converge-drone keeps, and whose token it gives.
  ours = lib.optionalAttrs (declared ? domain && declared ? repository.name) {
    address = "https://${declared.domain}";
    repository = declared.repository.name;
  };

  # The address may have a port.
  isOurs = it: ours == { } || lib.hasPrefix ours.address (it.address or ours.address) && it.repository or ours.repository == ours.repository;

  account = import ./container.nix { inherit lib; } {
    piece = "bridge";
    program = "comment-bridge";
    inherit (effective) user;
    default = (settings.effective "bridge" { }).user;
  };

  ourImage = (import ./packages.nix { inherit lib pkgs; }).comment-bridge-image;
  needed = given: message: { assertion = given; inherit message; };
in
{
  options.services.converge.bridge = {
    enable = option.flag { default = false; description = "True to keep comment-bridge deployed, which builds what members ask for in pull requests."; };
    package = option.package {
      default = (import ./packages.nix { inherit lib pkgs; }).converge-bridge;
      defaultText = "converge-bridge of this project";
      program = "converge-bridge";
      description = "The package with the program converge-bridge.";
    };
    image = mkOption {
      type = option.told {
        type = types.path;
        words = "a path";
        hint = "leave it unset, or write the path of a docker archive of comment-bridge";
        instead = ourImage;
      };
      default = ourImage;
      defaultText = lib.literalExpression "the image of comment-bridge of this project";
      description = "The docker archive of comment-bridge. Swarm runs the image in it and pulls nothing.";
    };
    giteaToken = option.secret {
      example = "/run/secrets/gitea-token";
      description = ''
        Path, on this machine and outside the store, of a token of the bot's Gitea account. Scopes of the token:
        read:repository, write:issue, read:organization and read:user.
      '';
    };
    webhookSecret = option.secret {
      example = "/run/secrets/webhook-secret";
      description = ''
        Path, outside the store, of the secret with which Gitea signs webhooks. With it, comment-bridge also accepts
        webhooks, which an administrator adds in Gitea. comment-bridge polls Gitea every few seconds in any case.
      '';
    };
    settings = mkOption {
      type = settings.type;
      default = { };
      example.organisations = [ { name = "recipes"; exclude = [ "archive-*" ]; } ];
      description = "Content of /etc/converge/bridge.json; `converge-bridge --schema` prints all settings.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = mistakes ++ lib.optionals (mistakes ++ mistakesElsewhere == [ ]) [
      (needed (cfg.settings ? domain) ''
        services.converge.bridge has no domain.
        hint: set services.converge.bridge.settings.domain, such as "bridge.ci.example.org".
      '')
      (needed (cfg.settings ? gitea.address && cfg.settings ? gitea.bot) ''
        services.converge.bridge does not say which Gitea to read, or as whom.
        hint: set services.converge.bridge.settings.gitea.address and .gitea.bot, or those of services.converge.drone, which it takes over.
      '')
      (needed (cfg.settings ? drone.address && cfg.settings ? drone.repository) ''
        services.converge.bridge does not say which Drone builds, or which repository.
        hint: set services.converge.drone.settings.domain and .repository.name, which it takes over.
      '')
      (needed (given.organisations or [ ] ++ given.repositories or [ ] != [ ]) ''
        services.converge.bridge has no organisation and no repository whose pull requests to read.
        hint: set services.converge.bridge.settings.organisations, such as [ { name = "recipes"; } ].
      '')
      (needed (cfg.giteaToken != null) ''
        services.converge.bridge has no token of the bot's Gitea account.
        hint: set services.converge.bridge.giteaToken to a path outside the store, such as /run/secrets/gitea-token.
      '')
      (needed (!(given ? webhook) || given.webhook == (cfg.webhookSecret != null)) ''
        services.converge.bridge.settings.webhook is ${lib.boolToString (given.webhook or false)}, and there is ${if cfg.webhookSecret == null then "no" else "a"} secret to check webhooks with.
        hint: leave the setting unset, and set services.converge.bridge.webhookSecret where webhooks are wanted.
      '')
      account.assertion
      (needed (isOurs (given.drone or { })) ''
        services.converge.bridge.settings.drone names another Drone or repository than ${ours.repository or ""} at ${ours.address or ""}, which converge-drone keeps.
        hint: leave it unset, and set services.converge.drone.settings.domain and .repository.name.
      '')
      (needed drone.enable ''
        services.converge.bridge is enabled without services.converge.drone, which gets and keeps the token that builds are made with.
        hint: set services.converge.drone.enable = true.
      '')
    ];

    services.converge.bridge.settings = lib.mapAttrsRecursive (_: lib.mkDefault) ({
      image = "${cfg.image}";
      webhook = cfg.webhookSecret != null;
    } // lib.optionalAttrs (base != null) {
      domain = "bridge.${base}";
    } // lib.optionalAttrs (declared ? gitea) {
      gitea = lib.filterAttrs (key: _: key == "address" || key == "bot") declared.gitea;
    } // lib.optionalAttrs (ours != { }) {
      drone = ours;
    } // lib.optionalAttrs (swarm ? advertise_address) {
      probe.address = swarm.advertise_address;
    });

    services.converge.pieces.bridge = {
      description = "comment-bridge in its declared state";
      inherit (cfg) package;
      # Here, because the dashboard's settings follow those of the bridge.
      settings = lib.optionalAttrs (converge.dashboard.enable && dashboard ? domain) { dashboard = "https://${dashboard.domain}"; } // cfg.settings;
      domain = given.domain or null;
      needs = [ "swarm" ] ++ lib.optional converge.traefik.enable "traefik" ++ [ "drone" ];
      # A run of converge-drone may have rotated the token.
      follows = [ "drone" ];
      credentials = lib.filterAttrs (_: path: path != null) {
        gitea-token = cfg.giteaToken;
        drone-token = "/var/lib/converge/drone/api-token";
        webhook-secret = cfg.webhookSecret;
      };
      network = true;
    };

    users = account.accounts;

    systemd.tmpfiles.rules = [
      "d ${effective.ledger} 0700 ${account.owner} -"
      # All users may read the files there: triggers.json and metrics.prom.
      "d ${effective.published} 0755 ${account.owner} -"
      # Each build writes its own folder there; all users may read the results.
      "d ${effective.runs} 0755 root root -"
    ];
  };
}
