# An assertion for each wrong value of an option of option.nix. Those of `settings` are told by settings.nix.
{ lib, options, ... }:
let
  optionsIn = tree: if tree._type or null == "option" then [ tree ] else lib.concatMap optionsIn (lib.attrValues tree);

  # Of a configuration without a file, such as one in a flake, the name of the option must do.
  place = file: lib.optionalString (lib.hasPrefix "/" file) " (in ${file})";
  mistake = option: definition:
    let inherit (option.type.told) show words hint; in
    {
      assertion = false;
      message = ''
        ${lib.showOption option.loc} is ${show definition.value}, not ${words}${place (toString definition.file)}.
        hint: ${hint}.
      '';
    };
  mistakesOf = option: map (mistake option)
    (lib.filter (definition: !option.type.told.check definition.value) option.definitionsWithLocations);
in
{
  config.assertions = lib.concatMap mistakesOf (lib.filter (option: option.type ? told) (optionsIn options.services.converge));
}
