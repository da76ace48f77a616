# The type of an option `settings`: any JSON. Definitions are merged as those of NixOS's own JSON type, with one difference: a
# default of a module gives way to a definition of another kind, so that a wrong kind is told by its own assertion (settings.nix).
{ lib }:
let
  inherit (lib) types;
  isSet = x: builtins.isAttrs x && !(x ? outPath);
  isDefault = x:
    if x ? _type then x._type == "override" && x.priority >= 1000
    else isSet x && lib.all isDefault (lib.attrValues x);
  all = kind: lib.all (def: kind def.value);

  value = lib.mkOptionType {
    name = "json";
    description = "JSON value";
    # A function is told as any other wrong value.
    check = _: true;
    merge = loc: defs:
      let given = lib.filter (def: !isDefault def.value) defs; in
      if all isSet defs then (types.attrsOf value).merge loc defs
      else if all builtins.isList defs then (types.listOf value).merge loc defs
      else if given != [ ] && lib.length given < lib.length defs then value.merge loc given
      else lib.mergeEqualOption loc defs;
  };
in
value
