# The part of nixpkgs' lib that our modules use, under the same names and with the same meaning.
# For machines without nixpkgs; NIXPKGS_LIB=/path/to/lib puts the real one in its place.
let
  lib = rec {
    inherit (builtins)
      all any attrNames attrValues concatLists concatMap concatStringsSep elem elemAt filter foldl' genList hasAttr head
      isAttrs isBool isFloat isFunction isInt isList isPath isString length listToAttrs mapAttrs match removeAttrs
      replaceStrings sort stringLength substring tail toJSON;

    id = x: x;
    fix = f: let x = f x; in x;
    flip = f: a: b: f b a;
    pipe = foldl' (x: f: f x);
    optional = cond: x: if cond then [ x ] else [ ];
    optionals = cond: xs: if cond then xs else [ ];
    optionalString = cond: s: if cond then s else "";
    optionalAttrs = cond: as: if cond then as else { };
    toList = x: if isList x then x else [ x ];
    flatten = x: if isList x then concatMap flatten x else [ x ];
    unique = foldl' (seen: x: if elem x seen then seen else seen ++ [ x ]) [ ];
    reverseList = xs: let n = length xs; in genList (i: elemAt xs (n - i - 1)) n;
    imap1 = f: xs: genList (n: f (n + 1) (elemAt xs n)) (length xs);

    nameValuePair = name: value: { inherit name value; };
    mapAttrsToList = f: as: map (name: f name as.${name}) (attrNames as);
    mapAttrs' = f: as: listToAttrs (mapAttrsToList f as);
    filterAttrs = keep: as: removeAttrs as (filter (name: !keep name as.${name}) (attrNames as));
    genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
    concatMapAttrs = f: as: foldl' (all: more: all // more) { } (mapAttrsToList f as);
    mapAttrsRecursive = f:
      let
        recurse = path: mapAttrs (name: value:
          if isAttrs value then recurse (path ++ [ name ]) value else f (path ++ [ name ]) value);
      in
      recurse [ ];
    attrByPath = path: default: as:
      if path == [ ] then as
      else if isAttrs as && as ? ${head path} then attrByPath (tail path) default as.${head path}
      else default;
    isDerivation = x: (x.type or null) == "derivation";
    recursiveUpdate = a: b: a // mapAttrs (name: value: if isAttrs value && isAttrs (a.${name} or null) then recursiveUpdate a.${name} value else value) b;

    importJSON = path: builtins.fromJSON (builtins.readFile path);
    importTOML = path: builtins.fromTOML (builtins.readFile path);
    toInt = builtins.fromJSON;

    concatStrings = concatStringsSep "";
    concatMapStrings = f: xs: concatStrings (map f xs);
    concatMapStringsSep = sep: f: xs: concatStringsSep sep (map f xs);
    splitString = sep: s: filter isString (builtins.split (lib.escapeRegex sep) s);
    escapeRegex = lib.replaceStrings (lib.stringToCharacters "\\[{()^$?*+|.") (map (c: "\\" + c) (lib.stringToCharacters "\\[{()^$?*+|."));
    stringToCharacters = s: genList (n: substring n 1 s) (stringLength s);
    concatLines = concatMapStrings (line: line + "\n");
    hasPrefix = prefix: s: substring 0 (stringLength prefix) s == prefix;
    hasSuffix = suffix: s:
      let at = stringLength s - stringLength suffix; in at >= 0 && substring at (stringLength suffix) s == suffix;
    hasInfix = part: s: builtins.length (lib.splitString part s) > 1;
    removeSuffix = suffix: s: if hasSuffix suffix s then substring 0 (stringLength s - stringLength suffix) s else s;
    removePrefix = prefix: s: if hasPrefix prefix s then substring (stringLength prefix) (stringLength s) s else s;
    escapeShellArg = arg:
      let s = toString arg; in
      if match "[[:alnum:],._+:@%/-]+" s != null then s else "'${replaceStrings [ "'" ] [ "'\\''" ] s}'";
    escapeShellArgs = concatMapStringsSep " " escapeShellArg;
    toLower = lib.replaceStrings (lib.stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ") (lib.stringToCharacters "abcdefghijklmnopqrstuvwxyz");
    boolToString = b: if b then "true" else "false";
    versionOlder = a: b: builtins.compareVersions b a == 1;
    makeBinPath = concatMapStringsSep ":" (package: "${package}/bin");
    makeSearchPathOutput = _output: folder: concatMapStringsSep ":" (package: "${package}/${folder}");
    getExe = package: "${package}/bin/${package.meta.mainProgram}";
    getExe' = package: name: "${package}/bin/${name}";

    licenses = { mit = { spdxId = "MIT"; }; asl20 = { spdxId = "Apache-2.0"; }; };
    platforms = { linux = [ "x86_64-linux" "aarch64-linux" ]; };
    maintainers = { };

    types = import ./types.nix { inherit lib; };
    mkOptionType = type: type;
    inherit (types) mergeEqualOption;
    inherit (import ./modules.nix { inherit lib; })
      evalModules mergeDefinitions mkAfter mkBefore mkDefault mkEnableOption mkForce mkIf mkMerge mkOption mkOptionDefault mkOrder
      mkOverride mkPackageOption literalExpression showOption;
  };
in
lib
