# Options whose wrong value is told by an assertion with a hint (mistakes.nix), not by an error of the module system.
{ lib }:
let
  inherit (lib) types;
  inherit (import ./shown.nix) shown;

  # A type that takes every value. `words` says which are right; `instead` stands for a wrong one, so that whatever reads
  # the option evaluates, and no other message follows from it.
  told = { type, check ? type.check, words, hint, instead, show ? shown }:
    lib.mkOptionType
      {
        name = "told";
        description = words;
        check = _: true;
        merge = loc: defs: if lib.all (def: check def.value) defs then type.merge loc defs else instead;
      } // { told = { inherit check words hint show; }; };
in
{
  inherit told;

  flag = { default, description }: lib.mkOption {
    type = told { type = types.bool; words = "true or false"; hint = "write true or false"; instead = true; };
    inherit default description;
    example = true;
  };

  package = { default, program, defaultText, description }: lib.mkOption {
    type = told {
      type = types.package;
      words = "a package";
      hint = "leave it unset, or write a package with the program ${program}";
      instead = default;
    };
    inherit default description;
    defaultText = lib.literalExpression defaultText;
  };

  # The path of a secret, null by default. Of a text that is not a path nothing is shown: it may be the secret.
  secret = { example, description }: lib.mkOption {
    type = told {
      type = types.nullOr types.externalPath;
      words = "an absolute path outside the store";
      hint = "write the path of a file that only root can read, as a string such as \"${example}\"";
      instead = example;
      show = x: if builtins.isString x && !lib.hasPrefix "/" x then "a text that does not begin with /" else shown x;
    };
    default = null;
    inherit example description;
  };
}
