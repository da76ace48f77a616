# What the lab says differently from the example host: its own address, domain and recipes.
{ lib, ... }:
{
  services.converge.swarm.settings.advertise_address = lib.mkForce "10.99.0.1";
  services.converge.traefik.settings = {
    domain = lib.mkForce "ci.localhost";
    recipe.source = "file:///srv/catalogue/traefik.git";
    recipe.version.pin = lib.mkForce "3.8.0+v3.6.15";
  };

  services.converge.drone.settings = {
    domain = lib.mkForce "drone.ci.localhost";
    recipe.source = "file:///srv/catalogue/drone.git";
    recipe.version.pin = lib.mkForce "1.9.0+2.26.0";
    # The lab's Gitea speaks plain HTTP, which the last of them says to Drone.
    compose_files = [ "compose.yml" "compose.gitea.yml" "compose.gitea-http.yml" ];
    gitea.address = lib.mkForce "http://git.ci.localhost:3000";
  };
  # Debian has no /run/current-system.
  services.converge.drone.runner.settings.steps.path = [ "/usr/local/bin" "/usr/bin" "/usr/sbin" ];
}
