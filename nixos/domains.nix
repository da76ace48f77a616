# The domains of the pieces: each its own, and all covered by the certificate.
{ config, lib, ... }:
let
  inherit (config.services) converge;
  settings = import ./settings.nix { inherit lib; };
  given = settings.sound "traefik" converge.traefik.settings;
  # DNS does not distinguish upper and lower case.
  base = if given ? domain then lib.toLower given.domain else null;
  domains = lib.mapAttrs (_: piece: lib.toLower piece.domain) (lib.filterAttrs (_: piece: piece.domain != null) converge.pieces);
  # The certificate names the base itself, and by its wildcard one label below it.
  isCovered = domain: domain == base
    || lib.hasSuffix ".${base}" domain && !lib.hasInfix "." (lib.removeSuffix ".${base}" domain);
  usual = name: builtins.toJSON "${name}.${if base == null then "ci.example.org" else base}";
  others = name: lib.filter (other: other != name && domains.${other} == domains.${name}) (lib.attrNames domains);

  # Traefik's own domain follows from the base.
  checks = name: [
    {
      assertion = base == null || isCovered domains.${name};
      message = ''
        services.converge.${name}.settings.domain is ${domains.${name}}, which the certificate of *.${toString base} does not cover.
        hint: set it to one name under ${toString base}, such as ${usual name}.
      '';
    }
    {
      # Of two pieces with one domain, one message is enough.
      assertion = lib.all (other: other != "traefik" && other > name) (others name);
      message = ''
        services.converge.${name}.settings.domain is ${domains.${name}}, which is the domain of ${toString (others name)} too.
        hint: give each a domain of its own, such as ${lib.concatMapStringsSep " and " usual (lib.filter (it: it != "traefik") ([ name ] ++ others name))}.
      '';
    }
  ];
in
{
  config.assertions = lib.concatMap checks (lib.filter (name: name != "traefik") (lib.attrNames domains));
}
