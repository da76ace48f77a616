# What the lab says differently from the example host: its own address, domain and recipes.
{ lib, ... }:
{
  services.converge.swarm.settings.advertise_address = lib.mkForce "10.99.0.1";
  services.converge.traefik.settings = {
    domain = lib.mkForce "ci.localhost";
    recipe.source = "file:///srv/catalogue/traefik.git";
    recipe.version.pin = lib.mkForce "3.8.0+v3.6.15";
  };
}
