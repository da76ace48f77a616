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
}
