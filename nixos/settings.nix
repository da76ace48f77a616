# The settings of a program, as far as Nix reads them: their type, the mistakes of type in them, their defaults.
# Types and defaults stand in Rust; nixos/tests writes them to schema.json, and holds the file to them. The program checks
# the rest at build time.
{ lib }:
let
  inherit (builtins) attrValues head isAttrs isBool isFloat isInt isList length tail toJSON;
  inherit (lib) concatLists concatMap imap1 mapAttrsToList optionalAttrs toList;
  inherit (import ./shown.nix) isText shown;

  schemas = lib.importJSON ./schema.json;
  # The configuration that the documentation and the tests use.
  exampleOf = name: let file = ../converge-${name}/example.json; in optionalAttrs (builtins.pathExists file) (lib.importJSON file);

  kinds = {
    array = { is = isList; words = "a list"; };
    boolean = { is = isBool; words = "true or false"; };
    integer = { is = isInt; words = "an integer"; };
    null = { is = x: x == null; words = "null"; };
    number = { is = x: isInt x || isFloat x; words = "a number"; };
    object = { is = x: isAttrs x && !isText x; words = "an attribute set"; };
    string = { is = isText; words = "a string"; };
  };
  nix = x:
    if isList x then "[ ${lib.concatMapStringsSep " " nix x} ]"
    else if isAttrs x then "{ ${lib.concatStringsSep " " (mapAttrsToList (key: value: "${key} = ${nix value};") x)} }"
    else toJSON x;

  of = name:
    let
      program = if lib.elem name [ "drone-runner" "host-status" ] then name else "converge-${name}";
      schema = schemas.${name};
      resolve = s: if s ? "$ref" then schema."$defs".${lib.removePrefix "#/$defs/" s."$ref"} else s;
      # The forms that a value may have, each of one kind or of any.
      forms = s:
        let it = resolve s; in
        if it ? anyOf || it ? oneOf then concatMap forms (it.anyOf or it.oneOf)
        else if it ? type then map (type: it // { inherit type; }) (toList it.type)
        else [ it ];

      problem = at: found: expected: [ { inherit (at) text drop; message = "is ${found}"; hint = "write ${expected}${such at}"; } ];
      unknown = at: [ { inherit (at) text drop; message = "is not a setting"; hint = "leave it out; `${program} --schema` prints all settings"; } ];
      missing = at: key: { inherit (at) text drop; message = "has no ${key}"; hint = "set it${such (below at key false true)}"; };
      # An example that is longer than a line helps less than none.
      such = at: let example = nix at.example; in
        lib.optionalString (at.example != null && builtins.stringLength example < 100) ", such as ${example}";
      check = at: s: value:
        let
          wanted = forms s;
          fitting = lib.filter (form: !(form ? type) || kinds.${form.type}.is value) wanted;
          results = map (form: within at form value) fitting;
          words = lib.concatStringsSep " or " (lib.unique (map (form: kinds.${form.type}.words) (lib.filter (form: form.type != "null") wanted)));
        in
        if fitting == [ ] then problem at "${shown value}, not ${words}" words
        else if lib.elem [ ] results then [ ]
        else head results;
      within = at: form: value:
        if isList value then concatLists (imap1 (n: check (element at n) (form.items or { })) value)
        else if kinds.object.is value then
          concatLists (mapAttrsToList
            (key:
              let
                known = form.properties or { };
                others = form.additionalProperties or true;
                to = below at key (isAttrs others) (!lib.elem key (form.required or [ ]));
              in
              if known ? ${key} then check to known.${key}
              else if isAttrs others then check to others
              else _: if others then [ ] else unknown to)
            value)
          # What is missing in a required part, a module asks for itself.
          ++ lib.optionals at.isOptional (map (missing at) (lib.filter (key: !(value ? ${key})) (form.required or [ ])))
        else if form ? const && value != form.const then problem at "${shown value}, not ${toJSON form.const}" (toJSON form.const)
        else if form ? enum && !lib.elem value form.enum then problem at "${shown value}, not a known word" "one of ${toString form.enum}"
        else if form ? minimum && isInt value && value < form.minimum then problem at "${toJSON value}, less than ${toJSON form.minimum}" "${toJSON form.minimum} or more"
        else if form ? maximum && isInt value && value > form.maximum then problem at "${toJSON value}, more than ${toJSON form.maximum}" "${toJSON form.maximum} or less"
        else [ ];

      # `drop` is the path of the attribute that is read as if it were unset.
      below = at: key: isMap: isOptional: {
        text = "${at.text}.${key}";
        drop = if at.inList then at.drop else at.drop ++ [ key ];
        inherit (at) inList;
        isOptional = at.isOptional || isOptional;
        example =
          if !isAttrs at.example then null
          else at.example.${key} or (if isMap then head (attrValues at.example ++ [ null ]) else null);
      };
      element = at: n: {
        text = "${at.text}[${toString (n - 1)}]";
        inherit (at) drop;
        inList = true;
        isOptional = true;
        example = if isList at.example then head (at.example ++ [ null ]) else null;
      };
      top = { text = ""; drop = [ ]; inList = false; isOptional = false; example = lib.recursiveUpdate defaults (exampleOf name); };

      defaultsOf = s: lib.concatMapAttrs
        (key: sub:
          let inner = defaultsOf (resolve sub); in
          if sub ? default then { ${key} = if isAttrs sub.default then lib.recursiveUpdate inner sub.default else sub.default; }
          else optionalAttrs (inner != { }) { ${key} = inner; })
        (s.properties or { });
      defaults = defaultsOf schema;
    in
    { inherit defaults; problems = check top schema; };

  without = path: settings:
    if path == [ ] then { }
    else if length path == 1 then removeAttrs settings path
    else settings // { ${head path} = without (tail path) settings.${head path}; };
in
rec {
  type = import ./json.nix { inherit lib; };

  # An assertion for each setting of a wrong type. `option` is the place of the settings below services.converge.
  assertions = name: option: settings: map
    (it: { assertion = false; message = "services.converge.${option}.settings${it.text} ${it.message}.\nhint: ${it.hint}.\n"; })
    ((of name).problems settings);

  # The settings without those of a wrong type: what an expression can read without a Nix error.
  sound = name: settings: lib.foldl' (given: it: without it.drop given) settings ((of name).problems settings);

  # The same with the program's own defaults.
  effective = name: settings: lib.recursiveUpdate (of name).defaults (sound name settings);
}
