# A complete host. Copy it, change the names and addresses, put the secrets where the paths say.
{
  imports = [ ../default.nix ./machine.nix ];

  services.converge.swarm = {
    enable = true;
    settings.advertise_address = "192.0.2.10";
  };

  services.converge.traefik = {
    enable = true;
    settings = {
      # Traefik itself is traefik.ci.example.org; the certificate names ci.example.org and *.ci.example.org.
      domain = "ci.example.org";
      recipe.version.pin = "3.8.0+v3.6.15";
    };
    # Put there by sops-nix, agenix or by hand; read by systemd, never copied to the store.
    certificate = {
      fullchain = "/run/secrets/fullchain";
      privkey = "/run/secrets/privkey";
    };
  };

  services.converge.drone = {
    enable = true;
    settings = {
      domain = "drone.ci.example.org";
      recipe.version.pin = "1.9.0+2.26.0";
      # The bot is a plain member of the organisation, and an administrator of this one repository, which has the .drone.yml.
      gitea = { address = "https://git.example.org"; bot = "ci-bot"; };
      repository.name = "recipes/ci";
    };
    giteaPassword = "/run/secrets/gitea-password";
    runner.maxTests = 2;
  };

  services.converge.bridge = {
    enable = true;
    # A comment `!testme` in any pull request of this organisation, by a member of it, makes a build.
    settings.organisations = [ { name = "recipes"; } ];
    # Of the bot's account, with the scopes read:repository, write:issue, read:organization and read:user.
    giteaToken = "/run/secrets/gitea-token";
    # Gitea's webhooks make builds start within a second; docs/enrol.md says how to add one. Without, it takes five.
    webhookSecret = "/run/secrets/webhook-secret";
  };
}
