# What a host's configuration amounts to on a Debian machine: files, links, and the messages of failed assertions.
# nix-instantiate --eval --strict --json nixos/tests/render.nix --arg modules '[ ]' [--arg host ./host.nix]
# (at least one --arg: nix-instantiate calls a function only when it has an argument for it)
{ host ? { imports = [ ../example ./lab-host.nix ]; }
, modules ? [ ]
, nixpkgsLib ? builtins.getEnv "NIXPKGS_LIB"
}:
let
  inherit (import ./evaluate.nix { inherit nixpkgsLib; modules = [ host ] ++ modules; }) lib pkgs config;
  units = import ./stand-in/units.nix { inherit lib pkgs config; };

  etc = lib.mapAttrs' (_: entry: lib.nameValuePair "/etc/${entry.target}" entry.source.text)
    (lib.filterAttrs (_: entry: entry.enable) config.environment.etc);
  scripts = lib.listToAttrs (map (package: lib.nameValuePair (lib.getExe package) package.script)
    (lib.filter (package: package ? script) config.environment.systemPackages));
  variables = lib.optionalAttrs (config.environment.variables != { }) {
    "/etc/profile.d/set-environment.sh" =
      lib.concatLines (lib.mapAttrsToList (name: value: "export ${name}=${lib.escapeShellArg value}") config.environment.variables);
  };
  session = lib.optionalAttrs (config.environment.sessionVariables != { }) {
    "/etc/pam/environment" =
      lib.concatLines (lib.mapAttrsToList (name: value: "${name}   DEFAULT=\"${value}\"") config.environment.sessionVariables);
  };
  docker = lib.optionalAttrs config.virtualisation.docker.enable {
    "/etc/docker/daemon.json" = builtins.toJSON config.virtualisation.docker.daemon.settings;
  };
  # The name that NixOS gives it.
  tmpfiles = lib.optionalAttrs (config.systemd.tmpfiles.rules != [ ]) {
    "/etc/tmpfiles.d/00-nixos.conf" = lib.concatLines config.systemd.tmpfiles.rules;
  };
in
{
  files = units.files // etc // scripts // variables // session // docker // tmpfiles;
  modes = lib.mapAttrs (_: _: "0755") scripts;
  # What NixOS makes of wantedBy and requiredBy: path -> what it points to.
  inherit (units) links;
  assertions = map (it: it.message) (lib.filter (it: !it.assertion) config.assertions);
  inherit (config) warnings;
}
