# The docker archive of one program, which is /bin/<name> in it; everything else is up to the service that runs it.
# Not yet run with Nix, see packages.nix. The lab builds an image of the same shape from a local binary.
{ lib, pkgs }:
program:
pkgs.dockerTools.buildLayeredImage {
  name = "localhost/${program.meta.mainProgram}";
  # The converger goes by content and tags what it loads itself.
  tag = "archive";
  # The converger looks up the content's hash at every run, at the archive's end.
  compressor = "none";
  contents = [ program ];
  config.Entrypoint = [ "/bin/${program.meta.mainProgram}" ];
}
