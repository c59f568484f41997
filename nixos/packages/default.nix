# The overlay: all that is built here, as `pkgs.signalbox.<name>`.
final: prev:
let
  inherit (final) lib callPackage;

  services =
    lib.genAttrs
      [
        "collector"
        "demo-api"
        "load-gen"
      ]
      (
        crate:
        callPackage ./rust.nix {
          inherit crate;
          program = "signalbox-${crate}";
        }
      );

  health = callPackage ./rust.nix {
    crate = "health-agent";
    program = "signalbox-health";
  };

  web = callPackage ./web.nix { };

  dashboard = callPackage ./rust.nix {
    crate = "dashboard";
    program = "signalbox-dashboard";
    inherit web;
  };

  # The third-party programs: all that stack/go pins. Garage is no Go, and nixpkgs has it.
  pinned = lib.mapAttrs (tool: _: callPackage ./go.nix { inherit tool; }) (
    lib.filterAttrs (
      tool: kind:
      kind == "directory" && lib.hasInfix "\ntool " (builtins.readFile ../../stack/go/${tool}/go.mod)
    ) (builtins.readDir ../../stack/go)
  );
  programs = pinned // {
    garage = prev.garage_2;
    # Nobody mends it any more. Marked so, a machine has it only where its deployment says that it accepts that.
    minio = pinned.minio.overrideAttrs (old: {
      meta = old.meta // {
        knownVulnerabilities = [
          "CVE-2026-40344, CVE-2026-41145: objects can be written without keys"
          "abandoned by its makers: what is found will not be mended"
        ];
      };
    });
  };

  stack-config = callPackage ./stack-config.nix { };
in
{
  signalbox =
    programs
    // services
    // {
      inherit
        dashboard
        health
        web
        stack-config
        ;
      # its MinIO listens on loopback and keeps what the demo itself made
      demo = callPackage ./demo.nix { inherit (pinned) minio; };

      # What the flake shows as its packages: what is built from this tree, not what is nixpkgs' own, nor what Nix refuses unasked.
      built =
        lib.removeAttrs pinned [ "minio" ]
        // lib.mapAttrs' (name: lib.nameValuePair "signalbox-${name}") (
          services
          // {
            inherit dashboard health web;
            inherit (final.signalbox) demo;
          }
        )
        // {
          inherit stack-config;
        };
    };
}
