# A value as a message shows it, in one line.
let
  inherit (builtins) isAttrs isFunction isList isPath isString toJSON;
in
rec {
  # A path and a package become a string in JSON.
  isText = x: isString x || isPath x || x ? outPath;
  shown = x:
    if isText x then toJSON (toString x)
    else if isList x then (if x == [ ] then "an empty list" else "a list")
    else if isAttrs x then "an attribute set"
    else if isFunction x then "a function"
    else toJSON x;
}
