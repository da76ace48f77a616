# The part of the repository that the programs are built from. Tests, their data and the documentation are left out, so
# that a commit to one of them changes no store path. nixos/tests/tests/source.rs compiles exactly this tree.
{ lib }:
let
  root = ../.;
  manifestOf = folder: lib.importTOML (root + "/${folder}/Cargo.toml");
  inherit (manifestOf ".") workspace;
  inherit (workspace) members;

  # Every crate below these folders is for tests.
  isTestCrate = member: lib.any (folder: lib.hasPrefix folder member) [ "tests/" "nixos/" ];
  testCrates = lib.filter isTestCrate members;
  crates = lib.filter (member: !isTestCrate member) members;

  # Names of test modules and of their data within a crate's src.
  isTest = name: lib.elem name [ "tests" "tests.rs" "snapshots" ];

  # Folders of a crate that are compiled into its program.
  dataFolders = [ "assets" "templates" ];

  # Cargo reads every member's manifest, also those of crates that are not built.
  isManifest = path: lib.elem path ([ "Cargo.toml" "Cargo.lock" ] ++ map (member: "${member}/Cargo.toml") members);
  leadsToManifest = path: lib.any (member: lib.hasPrefix "${path}/" "${member}/") members;
  isSource = path: lib.any
    (crate: path == "${crate}/build.rs"
      || lib.any (folder: lib.hasPrefix "${crate}/${folder}/" path) dataFolders
      || lib.hasPrefix "${crate}/src/" path && !lib.any isTest (lib.splitString "/" (lib.removePrefix "${crate}/src/" path)))
    crates;
  # A folder of nothing but tests would be left empty.
  holdsSource = folder:
    let entries = builtins.readDir (root + "/${folder}"); in
    lib.any (name: keep "${folder}/${name}" entries.${name}) (lib.attrNames entries);
  isSourceFolder = path: lib.any (crate: lib.any (folder: lib.hasPrefix "${crate}/${folder}/" "${path}/") ([ "src" ] ++ dataFolders)) crates && holdsSource path;
  keep = path: type: if type == "directory" then leadsToManifest path || isSourceFolder path else isManifest path || isSource path;

  # Files of the targets that a manifest names: cargo refuses a manifest whose targets are not there.
  targets = member: kind: folder:
    map (target: "${member}/${target.path or "${folder}/${target.name}.rs"}") ((manifestOf member).${kind} or [ ]);
  testTargets = member: targets member "test" "tests" ++ targets member "bench" "benches" ++ targets member "example" "examples";
  # A crate needs a target at least, and one that others depend on needs a library.
  emptyFiles = lib.concatMap testTargets members
    ++ lib.concatMap (member: [ "${member}/${(manifestOf member).lib.path or "src/lib.rs"}" ] ++ targets member "bin" "src/bin") testCrates;
in
{
  src = builtins.path {
    name = "converge-ci-source";
    path = root;
    filter = path: keep (lib.removePrefix "${toString root}/" path);
  };

  # Puts an empty file where cargo looks for one that is left out.
  postPatch = ''
    for file in ${lib.escapeShellArgs emptyFiles}; do
      mkdir -p "$(dirname "$file")"
      touch "$file"
    done
  '';

  # The crates with a program.
  packages = map (crate: (manifestOf crate).package.name) (lib.filter (crate: builtins.pathExists (root + "/${crate}/src/main.rs")) crates);
  inherit (workspace.package) version;
}
