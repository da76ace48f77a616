# The account that a piece runs its container as, and what follows from it. `default` is the program's own.
{ lib }:
{ piece, program, user, default }:
let
  # The numeric user and group of an account, null for another text.
  ids = builtins.match "([1-9][0-9]{0,9}):([1-9][0-9]{0,9})";
  isAccount = ids user != null && lib.all (id: lib.toInt id < 2147483648) (ids user);
  # Unless the operator names another account.
  id = lib.toInt (lib.head (ids default));
in
{
  # For a rule of tmpfiles.
  owner = lib.concatStringsSep " " (ids (if isAccount then user else default));

  assertion = {
    assertion = isAccount;
    message = ''
      services.converge.${piece}.settings.user is ${builtins.toJSON user}, not the numbers of a user and a group.
      hint: leave it at ${default}, or write the numbers of an account of its own in the same form.
    '';
  };

  # Reserves the id and gives it a name in `ls -l`.
  accounts = {
    users.${program} = { uid = id; group = program; isSystemUser = true; };
    groups.${program}.gid = id;
  };
}
