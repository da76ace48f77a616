# services.converge.bridge: comment-bridge, which answers a member's `!testme` with one build and one comment.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  inherit (config.services) converge;
  inherit (converge) drone;
  cfg = converge.bridge;
  base = converge.traefik.settings.domain or null;

  effective = import ./effective.nix { inherit lib; } "bridge";
  settings = effective cfg.settings;
  ids = lib.splitString ":";
  owner = ids settings.user;
  # The numeric user and group that converge-bridge runs the container as, unless the operator names others.
  id = lib.toInt (lib.head (ids (effective { }).user));

  needed = given: message: { assertion = given; inherit message; };
  isUnder = domain: lib.hasSuffix ".${base}" domain
    # The wildcard covers one label only.
    && !lib.hasInfix "." (lib.removeSuffix ".${base}" domain);
in
{
  options.services.converge.bridge = {
    enable = lib.mkEnableOption "keeping comment-bridge deployed, which builds what members ask for in pull requests";
    package = mkOption {
      type = types.package;
      default = (import ./packages.nix { inherit lib pkgs; }).converge-bridge;
      defaultText = lib.literalExpression "converge-bridge of this project";
      description = "The package with the program converge-bridge.";
    };
    image = mkOption {
      type = types.path;
      default = (import ./packages.nix { inherit lib pkgs; }).comment-bridge-image;
      defaultText = lib.literalExpression "the image of comment-bridge of this project";
      description = "The docker archive of comment-bridge. Swarm runs the image in it and pulls nothing.";
    };
    giteaToken = mkOption {
      type = types.nullOr types.externalPath;
      default = null;
      example = "/run/secrets/gitea-token";
      description = ''
        Path, on this machine and outside the store, of a token of the bot's Gitea account. Scopes of the token:
        read:repository, write:issue, read:organization and read:user.
      '';
    };
    webhookSecret = mkOption {
      type = types.nullOr types.externalPath;
      default = null;
      example = "/run/secrets/webhook-secret";
      description = ''
        Path, outside the store, of the secret with which Gitea signs webhooks. With it, comment-bridge also accepts
        webhooks, which an administrator adds in Gitea. comment-bridge polls Gitea every few seconds in any case.
      '';
    };
    settings = mkOption {
      type = types.submodule { freeformType = (pkgs.formats.json { }).type; };
      default = { };
      example.organisations = [ { name = "recipes"; exclude = [ "archive-*" ]; } ];
      description = "Content of /etc/converge/bridge.json; `converge-bridge --schema` prints all settings.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      (needed (cfg.settings ? domain) ''
        services.converge.bridge has no domain.
        hint: set services.converge.bridge.settings.domain, such as "bridge.ci.example.org".
      '')
      (needed (base == null || !(cfg.settings ? domain) || isUnder cfg.settings.domain) ''
        services.converge.bridge.settings.domain is ${cfg.settings.domain or ""}, which the certificate of *.${toString base} does not cover.
        hint: set it to one name under ${toString base}, such as "bridge.${toString base}".
      '')
      (needed (cfg.settings ? gitea.address && cfg.settings ? gitea.bot) ''
        services.converge.bridge does not say which Gitea to read, or as whom.
        hint: set services.converge.bridge.settings.gitea.address and .gitea.bot, or those of services.converge.drone, which it takes over.
      '')
      (needed (cfg.settings ? drone.address && cfg.settings ? drone.repository) ''
        services.converge.bridge does not say which Drone builds, or which repository.
        hint: set services.converge.drone.settings.domain and .repository.name, which it takes over.
      '')
      (needed (cfg.settings.organisations or [ ] ++ cfg.settings.repositories or [ ] != [ ]) ''
        services.converge.bridge has no organisation and no repository whose pull requests to read.
        hint: set services.converge.bridge.settings.organisations, such as [ { name = "recipes"; } ].
      '')
      (needed (cfg.giteaToken != null) ''
        services.converge.bridge has no token of the bot's Gitea account.
        hint: set services.converge.bridge.giteaToken to a path outside the store, such as /run/secrets/gitea-token.
      '')
      (needed (cfg.settings.webhook == (cfg.webhookSecret != null)) ''
        services.converge.bridge.settings.webhook is ${lib.boolToString cfg.settings.webhook}, and there is ${if cfg.webhookSecret == null then "no" else "a"} secret to check webhooks with.
        hint: leave the setting unset, and set services.converge.bridge.webhookSecret where webhooks are wanted.
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
    } // lib.optionalAttrs (drone.settings ? gitea) {
      gitea = lib.filterAttrs (key: _: key == "address" || key == "bot") drone.settings.gitea;
    } // lib.optionalAttrs (drone.settings ? domain && drone.settings ? repository.name) {
      drone = { address = "https://${drone.settings.domain}"; repository = drone.settings.repository.name; };
    } // lib.optionalAttrs (converge.swarm.settings ? advertise_address) {
      probe.address = converge.swarm.settings.advertise_address;
    });

    services.converge.pieces.bridge = {
      description = "comment-bridge in its declared state";
      inherit (cfg) package settings;
      needs = lib.optional converge.swarm.enable "swarm" ++ lib.optional converge.traefik.enable "traefik" ++ [ "drone" ];
      # A run of converge-drone may have rotated the token.
      follows = [ "drone" ];
      credentials = lib.filterAttrs (_: path: path != null) {
        gitea-token = cfg.giteaToken;
        drone-token = "/var/lib/converge/drone/api-token";
        webhook-secret = cfg.webhookSecret;
      };
      network = true;
    };

    # The container's user: reserves the id and gives it a name in `ls -l`.
    users.users.comment-bridge = { uid = id; group = "comment-bridge"; isSystemUser = true; };
    users.groups.comment-bridge.gid = id;

    systemd.tmpfiles.rules = [
      "d ${settings.ledger} 0700 ${lib.elemAt owner 0} ${lib.elemAt owner 1} -"
      # Each build writes its own folder there; all users may read the results.
      "d ${settings.runs} 0755 root root -"
    ];
  };
}
