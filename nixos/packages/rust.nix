# One program of the workspace. Its source is its crate and the crates that this one stands on, so that a change elsewhere builds nothing anew.
{
  lib,
  rustPlatform,
  crate,
  program,
  web ? null, # the web app that the program carries
}:
let
  root = ../..;
  manifest = name: lib.importTOML (root + "/crates/${name}/Cargo.toml");

  # Crates of the workspace are named like their folders, the programs' with `signalbox-` before.
  folders = lib.attrNames (builtins.readDir (root + "/crates"));
  dependencies =
    name:
    let
      named = lib.attrNames (
        (manifest name).dependencies or { } // (manifest name).dev-dependencies or { }
      );
    in
    lib.intersectLists folders (map (lib.removePrefix "signalbox-") named);
  needed = map (node: node.key) (
    lib.genericClosure {
      startSet = [ { key = crate; } ];
      operator = node: map (key: { inherit key; }) (dependencies node.key);
    }
  );
in
rustPlatform.buildRustPackage {
  pname = program;
  inherit ((lib.importTOML (root + "/Cargo.toml")).workspace.package) version;

  src = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.difference (lib.fileset.unions (
      [
        (root + "/Cargo.toml")
        (root + "/Cargo.lock")
      ]
      ++ map (name: root + "/crates/${name}") needed
      # the dashboard carries the runbooks as it carries the web app
      ++ lib.optional (web != null) (root + "/stack/runbooks")
    )) (lib.fileset.maybeMissing (root + "/crates/dashboard/web"));
  };
  cargoLock.lockFile = root + "/Cargo.lock";
  cargoBuildFlags = [
    "--package"
    program
  ];

  preBuild = lib.optionalString (web != null) ''
    mkdir --parents crates/dashboard/web
    ln --symbolic ${web} crates/dashboard/web/dist
  '';

  # all tests run together, in a check of their own
  doCheck = false;

  meta = {
    inherit ((manifest crate).package) description;
    license = lib.licenses.asl20;
    mainProgram = program;
    platforms = lib.platforms.linux;
  };
}
