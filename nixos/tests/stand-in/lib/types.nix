# The option types our modules use: { description, check, merge }.
{ lib }:
let
  inherit (builtins) all attrNames concatLists concatMap head isAttrs isBool isFloat isFunction isInt isList isPath isString length;

  values = map (def: def.value);
  conflict = loc: throw "The option `${lib.showOption loc}' has conflicting definition values.";
  # A single definition is taken as it is: a function does not equal itself.
  equal = loc: defs: if length defs == 1 || all (v: v == head (values defs)) (values defs) then head (values defs) else conflict loc;
  one = loc: defs: if length defs == 1 then (head defs).value else conflict loc;

  mk = description: check: { inherit description check; merge = equal; };
  inStore = s: lib.hasPrefix "${builtins.storeDir}/" (toString s);

  mergeAttrs = type: loc: defs:
    let names = lib.unique (concatMap (def: attrNames def.value) defs); in
    lib.concatMapAttrs
      (name: found: let merged = lib.mergeDefinitions (loc ++ [ name ]) type found; in
        lib.optionalAttrs merged.isDefined { ${name} = merged.mergedValue; })
      (lib.genAttrs names (name:
        concatMap (def: lib.optional (def.value ? ${name}) { inherit (def) file; value = def.value.${name}; }) defs));

  # The definitions of one list are kept in order; each element is checked on its own.
  mergeList = type: loc: defs: concatLists (map
    (def: lib.imap1 (n: value: (lib.mergeDefinitions (loc ++ [ "[definition ${toString n}]" ]) type [ { inherit (def) file; inherit value; } ]).mergedValue) def.value)
    defs);
in
rec {
  mergeEqualOption = equal;
  unspecified = { description = "unspecified value"; check = _: true; merge = one; };
  raw = unspecified // { description = "raw value"; };
  anything = {
    description = "anything";
    check = _: true;
    merge = loc: defs:
      if all isAttrs (values defs) && !(lib.any lib.isDerivation (values defs)) then mergeAttrs anything loc defs
      else if all isList (values defs) && length defs > 1 then concatLists (values defs)
      else equal loc defs;
  };
  attrs = { description = "attribute set"; check = isAttrs; merge = _: defs: lib.foldl' (a: b: a // b) { } (values defs); emptyValue = { }; };
  bool = mk "boolean" isBool;
  int = mk "signed integer" isInt;
  float = mk "floating point number" isFloat;
  number = either int float;
  str = mk "string" isString;
  nonEmptyStr = mk "non-empty string" (s: isString s && s != "");
  singleLineStr = mk "(optionally newline-terminated) single-line string" (s: isString s && builtins.match "[^\n]*\n?" s != null);
  lines = { description = "strings concatenated with \"\\n\""; check = isString; merge = _: defs: lib.concatStringsSep "\n" (values defs); };
  strMatching = pattern: mk "string matching the pattern ${pattern}" (s: isString s && builtins.match pattern s != null);
  enum = choices: mk "one of ${lib.concatMapStringsSep ", " builtins.toJSON choices}" (x: lib.elem x choices);
  ints = {
    positive = mk "positive integer, meaning >0" (n: isInt n && n > 0);
    unsigned = mk "unsigned integer, meaning >=0" (n: isInt n && n >= 0);
    between = low: high: mk "integer between ${toString low} and ${toString high} (both inclusive)" (n: isInt n && n >= low && n <= high);
  };
  port = ints.between 0 65535 // { description = "16 bit unsigned integer; between 0 and 65535 (both inclusive)"; };
  path = mk "absolute path" (p: (isString p || isPath p || p ? outPath) && builtins.substring 0 1 (toString p) == "/");
  # A true path is refused: it would be copied to the store later on.
  externalPath = mk "absolute path not in the Nix store" (p: isString p && lib.hasPrefix "/" p && !inStore p);
  package = { description = "package"; check = p: isAttrs p && p ? outPath; merge = one; };

  nullOr = type: {
    description = "null or ${type.description}";
    check = x: x == null || type.check x;
    merge = loc: defs: if all (v: v == null) (values defs) then null else if lib.any (v: v == null) (values defs) then conflict loc else type.merge loc defs;
    emptyValue = null;
  };
  either = a: b: {
    description = "${a.description} or ${b.description}";
    check = x: a.check x || b.check x;
    merge = loc: defs:
      if all a.check (values defs) then a.merge loc defs
      else if all b.check (values defs) then b.merge loc defs
      else conflict loc;
  };
  oneOf = types: lib.foldl' either (head types) (lib.tail types);
  listOf = type: { description = "list of ${type.description}"; check = isList; merge = mergeList type; emptyValue = [ ]; };
  attrsOf = type: { description = "attribute set of ${type.description}"; check = isAttrs; merge = mergeAttrs type; emptyValue = { }; };
  lazyAttrsOf = attrsOf;
  coercedTo = from: coerce: to: {
    description = "${to.description} or ${from.description} convertible to it";
    check = x: (from.check x && to.check (coerce x)) || to.check x;
    merge = loc: defs: to.merge loc (map (def: def // { value = if from.check def.value then coerce def.value else def.value; }) defs);
  };

  submoduleWith = { modules, specialArgs ? { }, ... }: {
    description = "submodule";
    check = x: isAttrs x || isFunction x || isPath x;
    merge = loc: defs: (lib.evalModules {
      modules = modules ++ map (def: if isAttrs def.value then { config = def.value; _file = def.file; } else def.value) defs;
      specialArgs = specialArgs // { name = lib.elemAt loc (length loc - 1); };
      prefix = loc;
    }).config;
    emptyValue = (lib.evalModules { inherit modules specialArgs; }).config;
  };
  submodule = module: submoduleWith { modules = lib.toList module; };
}
