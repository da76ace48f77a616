# A complete host. Copy it, change names and addresses, and put the secrets at these paths.
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
    # Written by sops-nix, agenix or by hand; read by systemd, never copied to the store.
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
    # A member's comment `!testme` in any pull request of this organisation makes a build.
    settings.organisations = [ { name = "recipes"; } ];
    # A token of the bot with the scopes read:repository, write:issue, read:organization and read:user.
    giteaToken = "/run/secrets/gitea-token";
    # With a webhook of Gitea builds start within a second, without within five. docs/enrol.md shows how to add one.
    webhookSecret = "/run/secrets/webhook-secret";
  };

  # Every recipe's standing, every run and this machine, at https://ci.example.org.
  services.converge.dashboard.enable = true;
}
