# What our modules rely on in the module system: case -> [ found expected ]. True of nixpkgs' lib and of the stand-in.
{ nixpkgsLib ? builtins.getEnv "NIXPKGS_LIB" }:
let
  inherit (import ./evaluate.nix { inherit nixpkgsLib; modules = [ ]; }) lib pkgs;
  inherit (lib) mkAfter mkBefore mkDefault mkForce mkIf mkMerge mkOption types;

  options = type: { x = mkOption { inherit type; }; on = mkOption { type = types.bool; default = true; }; };
  eval = type: modules: (lib.evalModules { modules = [ { options = options type; } ] ++ modules; }).config;
  merged = type: values: (eval type (map (x: { inherit x; }) values)).x;
  optionOf = modules: (lib.evalModules { modules = [ { options.x = mkOption { type = types.nullOr types.int; default = null; }; } ] ++ modules; }).options.x;
  fileDefinitions = (lib.evalModules { modules = [ { options.services = mkOption { type = types.anything; }; } ./lab-host.nix ]; }).options.services.definitionsWithLocations;
  fails = value: !(builtins.tryEval (builtins.deepSeq value value)).success;
  open = types.submodule { freeformType = (pkgs.formats.json { }).type; options.known = mkOption { type = types.int; default = 1; }; };
in
{
  default_is_weaker = [ (merged types.int [ (mkDefault 1) 2 ]) 2 ];
  force_is_stronger = [ (merged types.int [ (mkForce 1) 2 ]) 1 ];
  equal_definitions_agree = [ (merged types.int [ 2 2 ]) 2 ];
  other_definitions_conflict = [ (fails (merged types.int [ 1 2 ])) true ];
  wrong_type = [ (fails (merged types.int [ "1" ])) true ];
  undefined = [ (fails (merged types.int [ ])) true ];
  # The last module's part comes first, here and in lines.
  lists_join = [ (merged (types.listOf types.int) [ [ 2 ] [ 1 ] ]) [ 1 2 ] ];
  list_order = [ (merged (types.listOf types.int) [ (mkAfter [ 3 ]) [ 2 ] (mkBefore [ 1 ]) ]) [ 1 2 3 ] ];
  list_default_is_replaced = [ (merged (types.listOf types.int) [ (mkDefault [ 1 ]) [ 2 ] ]) [ 2 ] ];
  sets_join = [ (merged (types.attrsOf types.int) [ { a = 1; } { b = mkDefault 2; } { b = 3; } ]) { a = 1; b = 3; } ];
  lines_join = [ (merged types.lines [ "b" "a" ]) "a\nb" ];
  if_false_is_nothing = [ (merged types.int [ (mkIf false 1) 2 ]) 2 ];
  if_false_in_a_set = [ (merged (types.attrsOf types.int) [ { a = mkIf false 1; } ]) { } ];
  merge_in_place = [ (merged (types.attrsOf types.int) [ (mkMerge [ { a = 1; } (mkIf true { b = 2; }) ]) ]) { a = 1; b = 2; } ];
  condition_on_config = [ (eval types.int [ ({ config, ... }: { config = mkIf config.on { x = 1; }; }) ]).x 1 ];
  imported_module = [ (eval types.int [ { imports = [ { x = mkDefault 1; } { x = 2; } ]; } ]).x 2 ];
  unknown_option = [ (fails (eval types.int [ { x = 1; y = 2; } ])) true ];
  freeform = [ (merged open [ { a.b = mkDefault 1; known = 2; } { a = { b = 3; c = [ true ]; }; } ]) { a = { b = 3; c = [ true ]; }; known = 2; } ];
  freeform_type = [ (fails (merged open [ { a = x: x; } ])) true ];
  submodule_name = [ (merged (types.attrsOf (types.submodule ({ name, ... }: { options.n = mkOption { default = name; }; }))) [ { a = { }; } ]) { a.n = "a"; } ];
  null_or = [ (merged (types.nullOr types.int) [ (mkDefault null) 1 ]) 1 ];
  enum = [ (fails (merged (types.enum [ "a" ]) [ "b" ])) true ];
  # What mistakes.nix reads: the definitions that count, and the default where there is none.
  definitions = [
    (map (modules: let inherit (optionOf modules) loc definitionsWithLocations; in { inherit loc; values = map (it: it.value) definitionsWithLocations; }) [
      [ { x = mkDefault 1; } { x = mkIf true 2; } ]
      [ ]
    ])
    [ { loc = [ "x" ]; values = [ 2 ]; } { loc = [ "x" ]; values = [ null ]; } ]
  ];
  definitions_of_a_file = [ (lib.hasSuffix "/lab-host.nix" (lib.head fileDefinitions).file) true ];
  external_path = [ (map (p: fails (merged types.externalPath [ p ])) [ "/run/x" "x" "${builtins.storeDir}/vl9bnavj43d6x9h7nl7dl5dqmy9sra5s-x" ./. ]) [ false true true true ] ];
}
