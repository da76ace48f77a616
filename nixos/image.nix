# The docker archive of one program, /bin/<name> in it. The service sets everything else.
# Not yet run with Nix, see packages.nix. The lab builds an image of the same shape from a local binary.
{ lib, pkgs }:
program:
pkgs.dockerTools.buildLayeredImage {
  name = "localhost/${program.meta.mainProgram}";
  # The converger identifies images by content and sets its own tags.
  tag = "archive";
  # The converger looks up the content's hash at every run, at the archive's end.
  compressor = "none";
  contents = [ program ];
  config.Entrypoint = [ "/bin/${program.meta.mainProgram}" ];
}
