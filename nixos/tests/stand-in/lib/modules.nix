# The module system: options are declared, definitions merged by type, priority and order.
{ lib }:
let
  inherit (builtins) attrNames concatMap filter foldl' isAttrs isFunction isPath isString length mapAttrs sort;

  kind = x: if isAttrs x then x._type or "" else "";
  isOption = x: kind x == "option";
  showOption = lib.concatStringsSep ".";
  # A path is not turned into JSON: that would copy it to the store.
  printable = value:
    if isPath value then toString value
    else if isFunction value then "<function>"
    else if isAttrs value then mapAttrs (_: printable) value
    else if builtins.isList value then map printable value
    else value;
  show = value: builtins.substring 0 200 (builtins.toJSON (printable value));
  showDefs = lib.concatMapStrings (def: "\n- In `${def.file}': ${show def.value}");

  mkOption = as: as // { _type = "option"; };
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkOrder = priority: content: { _type = "order"; inherit priority content; };

  # A property around an attribute set is moved onto its attributes, so that their names are known without its condition.
  pushDown = value:
    if kind value == "merge" then concatMap pushDown value.contents
    else if kind value == "if" then map (mapAttrs (_: mkIf value.condition)) (pushDown value.content)
    else if kind value == "override" then map (mapAttrs (_: mkOverride value.priority)) (pushDown value.content)
    else [ value ];

  # What one definition of an option amounts to: { value, priority, order } for each part that applies.
  discharge = { file, value, priority ? 100, order ? 1000 }@def:
    if kind value == "merge" then concatMap (content: discharge (def // { value = content; })) value.contents
    else if kind value == "if" then (if value.condition then discharge (def // { value = value.content; }) else [ ])
    else if kind value == "override" then discharge (def // { value = value.content; priority = value.priority; })
    else if kind value == "order" then discharge (def // { value = value.content; order = value.priority; })
    else [ { inherit file value priority order; } ];

  # The definitions that count, of a type or throwing.
  definitionsOf = loc: type: defs:
    let
      parts = concatMap discharge defs;
      strongest = foldl' (a: part: if part.priority < a then part.priority else a) 9999 parts;
      kept = sort (a: b: a.order < b.order) (filter (part: part.priority == strongest) parts);
      wrong = filter (part: !type.check part.value) kept;
    in
    if wrong != [ ] then
      throw "A definition for option `${showOption loc}' is not of type `${type.description}'. Definition values:${showDefs wrong}"
    else map (part: { inherit (part) file value; }) kept;

  mergeDefinitions = loc: type: defs: rec {
    definitions = definitionsOf loc type defs;
    isDefined = definitions != [ ];
    mergedValue =
      if isDefined then type.merge loc definitions
      else type.emptyValue or (throw "The option `${showOption loc}' was accessed but has no value defined. Try setting the option.");
  };

  mergedOption = loc: option: defs:
    let default = if option ? default then [ { file = "default"; value = mkOverride 1500 option.default; } ] else [ ]; in
    mergeDefinitions loc (option.type or lib.types.unspecified) (defs ++ default);

  optionValue = loc: option: defs:
    let value = (mergedOption loc option defs).mergedValue; in
    if option.readOnly or false && length defs > 1 then throw "The option `${showOption loc}' is read-only, but it's set multiple times."
    else (option.apply or (x: x)) value;

  # One tree of declarations from many.
  mergeDeclarations = loc: trees:
    let
      names = lib.unique (concatMap attrNames trees);
      one = name:
        let found = map (tree: tree.${name}) (filter (tree: tree ? ${name}) trees); in
        if lib.any isOption found
        then (if length found == 1 then builtins.head found
          else throw "The option `${showOption (loc ++ [ name ])}' is declared more than once.")
        else mergeDeclarations (loc ++ [ name ]) found;
    in
    lib.genAttrs names one;

  flatten = concatMap (def: map (value: { inherit (def) file; inherit value; }) (pushDown def.value));
  attributeOf = flat: name: concatMap (def: if def.value ? ${name} then [ { inherit (def) file; value = def.value.${name}; } ] else [ ]) flat;

  # The declarations with what defines them, as modules read them in `options`.
  optionsTree = loc: tree: defs: mapAttrs
    (name: decl:
      let at = loc ++ [ name ]; found = attributeOf (flatten defs) name; in
      if isOption decl then decl // { loc = at; definitionsWithLocations = (mergedOption at decl found).definitions; }
      else optionsTree at decl found)
    tree;

  evalTree = loc: freeform: tree: defs:
    let
      flat = flatten defs;
      of = attributeOf flat;
      declared = mapAttrs
        (name: decl: (if isOption decl then optionValue (loc ++ [ name ]) decl else evalTree (loc ++ [ name ]) null decl) (of name))
        tree;
      strayNames = filter (name: !(tree ? ${name})) (lib.unique (concatMap (def: attrNames def.value) flat));
      stray = builtins.head strayNames;
      freely = (mergeDefinitions loc freeform (map
        (def: { inherit (def) file; value = builtins.intersectAttrs (lib.genAttrs strayNames (_: null)) def.value; })
        flat)).mergedValue;
    in
    if freeform != null then (if flat == [ ] then { } else freely) // declared
    else if strayNames != [ ] then
      throw "The option `${showOption (loc ++ [ stray ])}' does not exist. Definition values:${showDefs (of stray)}"
    else declared;

  # A module as { file, key, imports, options, config, freeformType }, whatever way it was written.
  normalise = args: file: module:
    if isPath module || isString module then
      let path = toString module; in
      normalise args path (import (if builtins.pathExists (path + "/default.nix") then path + "/default.nix" else path)) // { key = path; }
    else if isFunction module then normalise args file (module args)
    else
      let explicit = module ? config || module ? options; in
      {
        file = module._file or file;
        key = null;
        imports = module.imports or [ ];
        options = module.options or { };
        freeformType = module.freeformType or null;
        config =
          if kind module != "" then module
          else if explicit then module.config or { }
          else removeAttrs module [ "imports" "_file" "freeformType" ];
      };

  evalModules = { modules, specialArgs ? { }, prefix ? [ ] }:
    let
      args = { inherit lib config options; } // specialArgs;
      collect = file: module: let it = normalise args file module; in [ it ] ++ concatMap (collect it.file) it.imports;
      # A file imported twice is one module.
      all = foldl' (seen: it: if it.key != null && lib.any (other: other.key == it.key) seen then seen else seen ++ [ it ])
        [ ] (concatMap (collect "<unknown-file>") modules);
      freeform = foldl' (found: it: if it.freeformType != null then it.freeformType else found) null all;
      tree = mergeDeclarations prefix (map (it: it.options) all);
      # nixpkgs hands definitions on with the last module's first; lists show it.
      definitions = map (it: { inherit (it) file; value = it.config; }) (lib.reverseList all);
      config = evalTree prefix freeform tree definitions;
      options = optionsTree prefix tree definitions;
    in
    { inherit config options; };
in
{
  inherit evalModules mergeDefinitions mkOption mkIf mkMerge mkOverride mkOrder showOption;
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;
  mkOptionDefault = mkOverride 1500;
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
  literalExpression = text: { _type = "literalExpression"; inherit text; };
  mkEnableOption = what: mkOption { type = lib.types.bool; default = false; description = "Whether to enable ${what}."; };
  mkPackageOption = pkgs: name: { default ? [ name ], ... }: mkOption {
    type = lib.types.package;
    default = lib.attrByPath (lib.toList default) (throw "no package ${name}") pkgs;
    description = "The ${name} package to use.";
  };
}
