# services.converge.traefik: the traefik recipe with a wildcard certificate.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  inherit (config.services) converge;
  cfg = converge.traefik;
  settings = import ./settings.nix { inherit lib; };
  option = import ./option.nix { inherit lib; };
  mistakes = settings.assertions "traefik" "traefik" cfg.settings;
  given = settings.sound "traefik" cfg.settings;
  swarm = settings.sound "swarm" converge.swarm.settings;
  abraDirectory = (settings.effective "traefik" cfg.settings).abra_directory;

  secret = what: example: option.secret {
    inherit example;
    description = "Path of ${what} on this machine, outside the store.";
  };
  needed = given: message: { assertion = given; inherit message; };
in
{
  options.services.converge.traefik = {
    enable = option.flag { default = false; description = "True to keep Traefik deployed with a wildcard certificate."; };
    package = option.package {
      default = (import ./packages.nix { inherit lib pkgs; }).converge-traefik;
      defaultText = "converge-traefik of this project";
      program = "converge-traefik";
      description = "The package with the program converge-traefik.";
    };
    openFirewall = option.flag {
      default = true;
      description = "True to open the ports 80 and 443 of this machine, where Traefik listens, in its firewall.";
    };
    certificate.fullchain = secret "the certificate and its chain (PEM)" "/run/secrets/fullchain";
    certificate.privkey = secret "the certificate's private key (PEM)" "/run/secrets/privkey";
    settings = mkOption {
      type = settings.type;
      default = { };
      example = { domain = "ci.example.org"; recipe.version.pin = "3.8.0+v3.6.15"; };
      description = "Content of /etc/converge/traefik.json; `converge-traefik --schema` prints all settings.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = mistakes ++ lib.optionals (mistakes == [ ]) [
      (needed (cfg.settings ? domain) ''
        services.converge.traefik has no domain.
        hint: set services.converge.traefik.settings.domain, such as "ci.example.org"; the certificate names it and *.it.
      '')
      (needed (cfg.settings ? recipe.version) ''
        services.converge.traefik does not say which version of the recipe to run.
        hint: set services.converge.traefik.settings.recipe.version to { pin = "<tag>"; } or "latest".
      '')
      (needed (cfg.certificate.fullchain != null && cfg.certificate.privkey != null) ''
        services.converge.traefik has no certificate.
        hint: set services.converge.traefik.certificate.fullchain and .privkey to paths outside the store, such as /run/secrets/fullchain.
      '')
      (needed (abraDirectory == converge.abra.directory) ''
        services.converge.traefik.settings.abra_directory is ${abraDirectory}, outside its sandbox.
        hint: leave it at ${converge.abra.directory}; the operator's shell has the same in ABRA_DIR.
      '')
    ];

    services.converge.traefik.settings = lib.mapAttrsRecursive (_: lib.mkDefault) ({
      env.DASHBOARD_ENABLED = "false";
    } // lib.optionalAttrs (swarm ? advertise_address) {
      probe.address = swarm.advertise_address;
    });

    # Containers reach a published port by the machine's own address, through the firewall as any other machine does.
    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall [ 80 443 ];

    services.converge.pieces.traefik = {
      description = "Traefik and its wildcard certificate in their declared state";
      inherit (cfg) package settings;
      domain = if given ? domain then "traefik.${given.domain}" else null;
      needs = [ "swarm" ];
      # The check of the certificate needs the right time.
      after = [ "time-sync.target" ];
      credentials = lib.filterAttrs (_: path: path != null) {
        inherit (cfg.certificate) fullchain privkey;
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
