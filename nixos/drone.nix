# services.converge.drone: the drone recipe, logged in to Gitea, with the CI repository activated.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  inherit (config.services) converge;
  cfg = converge.drone;
  settings = import ./settings.nix { inherit lib; };
  option = import ./option.nix { inherit lib; };
  mistakes = settings.assertions "drone" "drone" cfg.settings;
  given = settings.sound "drone" cfg.settings;
  swarm = settings.sound "swarm" converge.swarm.settings;
  abraDirectory = (settings.effective "drone" cfg.settings).abra_directory;

  needed = given: message: { assertion = given; inherit message; };
in
{
  options.services.converge.drone = {
    enable = option.flag { default = false; description = "True to keep Drone deployed, logged in to Gitea and running builds of one repository."; };
    package = option.package {
      default = (import ./packages.nix { inherit lib pkgs; }).converge-drone;
      defaultText = "converge-drone of this project";
      program = "converge-drone";
      description = "The package with the programs converge-drone and drone-runner.";
    };
    giteaPassword = option.secret {
      example = "/run/secrets/gitea-password";
      description = "Path, on this machine and outside the store, of the password of the bot's Gitea account.";
    };
    rpcSecret = option.secret {
      example = "/run/secrets/drone-rpc-secret";
      description = ''
        Path, outside the store, of the secret that Drone and its runner share.
        Without it, converge-drone generates one in its state directory.
      '';
    };
    settings = mkOption {
      type = settings.type;
      default = { };
      example = {
        domain = "drone.ci.example.org";
        recipe.version.pin = "1.9.0+2.26.0";
        gitea = { address = "https://git.example.org"; bot = "ci-bot"; };
        repository.name = "recipes/ci";
      };
      description = "Content of /etc/converge/drone.json; `converge-drone --schema` prints all settings.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = mistakes ++ lib.optionals (mistakes == [ ]) [
      (needed (cfg.settings ? domain) ''
        services.converge.drone has no domain.
        hint: set services.converge.drone.settings.domain, such as "drone.ci.example.org".
      '')
      (needed (cfg.settings ? recipe.version) ''
        services.converge.drone does not say which version of the recipe to run.
        hint: set services.converge.drone.settings.recipe.version to { pin = "<tag>"; } or "latest".
      '')
      (needed (cfg.settings ? gitea.address && cfg.settings ? gitea.bot) ''
        services.converge.drone does not say which Gitea its repositories are on, or as whom to log in.
        hint: set services.converge.drone.settings.gitea.address and .gitea.bot.
      '')
      (needed (cfg.settings ? repository.name) ''
        services.converge.drone has no repository to run builds of.
        hint: set services.converge.drone.settings.repository.name to "<organisation>/<repository>".
      '')
      (needed (cfg.giteaPassword != null) ''
        services.converge.drone has no password for the bot's Gitea account.
        hint: set services.converge.drone.giteaPassword to a path outside the store, such as /run/secrets/gitea-password.
      '')
      (needed (abraDirectory == converge.abra.directory) ''
        services.converge.drone.settings.abra_directory is ${abraDirectory}, outside its sandbox.
        hint: leave it at ${converge.abra.directory}; the operator's shell has the same in ABRA_DIR.
      '')
    ];

    services.converge.drone.settings = lib.mapAttrsRecursive (_: lib.mkDefault) ({
      repository.trusted = true;
    } // lib.optionalAttrs (swarm ? advertise_address) {
      probe.address = swarm.advertise_address;
    });

    services.converge.pieces.drone = {
      description = "Drone, its login and its repository in their declared state";
      inherit (cfg) package settings;
      domain = given.domain or null;
      needs = [ "swarm" ] ++ lib.optional converge.traefik.enable "traefik";
      credentials = lib.filterAttrs (_: path: path != null) {
        gitea-password = cfg.giteaPassword;
        rpc-secret = cfg.rpcSecret;
        # The file name that Docker expects in $DOCKER_CONFIG.
        "config.json" = converge.registryCredentials;
      };
      # Without it: public images need no login.
      withoutCredential."config.json" = "{}";
      environment = lib.optionalAttrs (converge.registryCredentials != null) { DOCKER_CONFIG = "%d"; };
      path = [ converge.abra.package pkgs.git ];
      network = true;
      stateDirectories = [ "converge/abra" ];
    };
  };
}
