# What `nix flake check` builds: the packages, their tests and lints, the customers' systems, and a machine that boots.
{ self, pkgs }:
let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv.hostPlatform) system;
  packages = lib.filterAttrs (
    name: _: !lib.hasPrefix "image-" name && name != "default"
  ) self.packages.${system};
  prefixed = prefix: lib.mapAttrs' (name: lib.nameValuePair "${prefix}-${name}");

  # All crates at once, with what their tests read beside them.
  workspace = pkgs.rustPlatform.buildRustPackage {
    pname = "signalbox-workspace";
    inherit (pkgs.signalbox.collector) version;
    src = lib.fileset.toSource {
      root = ../.;
      fileset =
        lib.fileset.difference
          (lib.fileset.unions [
            ../.cargo
            ../Cargo.lock
            ../Cargo.toml
            ../clippy.toml
            ../crates
            ../deny.toml
            ../docs/processing.md
            ../rustfmt.toml
            ../stack
          ])
          (
            lib.fileset.unions (
              map lib.fileset.maybeMissing [
                ../crates/dashboard/web/dist
                ../crates/dashboard/web/node_modules
              ]
            )
          );
    };
    cargoLock.lockFile = ../Cargo.lock;
    postPatch = "ln --symbolic ${pkgs.signalbox.web} crates/dashboard/web/dist";
    installPhase = "touch $out";
  };
in
prefixed "package" packages
// prefixed "system" (
  lib.mapAttrs (_: host: host.config.system.build.toplevel) self.nixosConfigurations
)
// {
  devShell = self.devShells.${system}.default;

  # The end-to-end test of the demo needs the network's packages and a browser: `make test` runs it.
  rust-tests = workspace.overrideAttrs {
    pname = "signalbox-tests";
    dontBuild = true;
    checkPhase = "cargo test --offline --workspace --exclude signalbox-demo";
  };

  rust-lints = workspace.overrideAttrs (old: {
    pname = "signalbox-lints";
    nativeBuildInputs = old.nativeBuildInputs ++ [
      pkgs.clippy
      pkgs.rustfmt
    ];
    buildPhase = ''
      cargo fmt --all --check
      cargo clippy --offline --workspace --all-targets -- -D warnings
    '';
    doCheck = false;
  });

  stack =
    pkgs.runCommand "signalbox-stack-check"
      {
        nativeBuildInputs = [ pkgs.shellcheck ];
      }
      ''
        mkdir --parents target/stack
        cp --recursive ${../stack} stack
        patchShebangs stack/check
        ln --symbolic ${
          pkgs.symlinkJoin {
            name = "programs";
            paths = [
              pkgs.signalbox.alertmanager
              pkgs.signalbox.prometheus
              pkgs.signalbox.thanos
            ];
          }
        }/bin target/stack/bin
        stack/check
        touch $out
      '';

  nix-format = pkgs.runCommand "signalbox-nix-format" { nativeBuildInputs = [ pkgs.nixfmt ]; } ''
    nixfmt --check ${../flake.nix} $(find ${../nixos} -name '*.nix')
    touch $out
  '';

  vm-single-box = import ./tests/single-box.nix { inherit pkgs self; };
}
