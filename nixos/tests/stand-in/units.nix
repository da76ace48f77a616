# systemd units as text, in the order and wording of nixos/lib/systemd-lib.nix.
{ lib, pkgs, config }:
let
  inherit (lib) concatMapStrings mapAttrsToList optionalAttrs optionalString toList;

  word = x: if x == true then "true" else if x == false then "false" else toString x;
  section = as: lib.concatStrings (lib.concatLists (mapAttrsToList (name: value: map (x: "${name}=${word x}\n") (toList value)) as));

  # Drops what is empty, spells the rest.
  dependencies = unit: lib.concatMapAttrs
    (key: values: optionalAttrs (values != [ ]) { ${key} = toString values; })
    {
      Requires = unit.requires; Wants = unit.wants; After = unit.after; Before = unit.before; BindsTo = unit.bindsTo;
      PartOf = unit.partOf; Conflicts = unit.conflicts; Requisite = unit.requisite; Documentation = unit.documentation; OnFailure = unit.onFailure;
    };
  triggers = name: unit: optionalAttrs (unit.restartTriggers or [ ] != [ ]) {
    X-Restart-Triggers = "${pkgs.writeText "X-Restart-Triggers-${name}" (toString (lib.flatten unit.restartTriggers))}";
  };
  described = unit: optionalAttrs (unit.description != "") { Description = unit.description; };

  head = name: unit: "[Unit]\n" + section (dependencies unit // triggers name unit // described unit // unit.unitConfig);
  install = unit: optionalString (unit.wantedBy != [ ]) "\n[Install]\nWantedBy=${lib.concatStringsSep " " unit.wantedBy}\n";

  environment = unit:
    let env = config.systemd.globalEnvironment // unit.environment; in
    concatMapStrings (n: optionalString (env.${n} != null) "Environment=${builtins.toJSON "${n}=${env.${n}}"}\n") (lib.attrNames env);

  service = name: unit: head name unit + "\n[Service]\n" + environment unit
    + optionalString (!unit.restartIfChanged) "X-RestartIfChanged=false\n"
    + optionalString (!unit.stopIfChanged) "X-StopIfChanged=false\n"
    + section unit.serviceConfig + install unit;
  timer = name: unit: head name unit + "\n[Timer]\n" + section unit.timerConfig + install unit;
  target = name: unit: head name unit;

  # A unit that Debian's package brings gets a drop-in, as NixOS does for units of packages.
  packaged = [ "docker.service" ];
  root = "/etc/systemd/system";
  place = file: if lib.elem file packaged then "${root}/${file}.d/overrides.conf" else "${root}/${file}";

  of = kind: render: units: lib.concatMapAttrs
    (name: unit: let file = "${name}.${kind}"; in optionalAttrs unit.enable {
      ${place file} = { text = render name unit; inherit file unit; };
    })
    units;

  all = of "service" service config.systemd.services // of "target" target config.systemd.targets // of "timer" timer config.systemd.timers;
  linksOf = one: lib.listToAttrs
    (map (by: lib.nameValuePair "${root}/${by}.wants/${one.file}" "../${one.file}") one.unit.wantedBy
      ++ map (by: lib.nameValuePair "${root}/${by}.requires/${one.file}" "../${one.file}") one.unit.requiredBy);
in
{
  files = lib.mapAttrs (_: one: one.text) all;
  links = lib.concatMapAttrs (_: linksOf) all;
}
