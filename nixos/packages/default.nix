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

  web = callPackage ./web.nix { };

  dashboard = callPackage ./rust.nix {
    crate = "dashboard";
    program = "signalbox-dashboard";
    inherit web;
  };

  # A tool that is pinned in stack/go takes the place of nixpkgs' own.
  pinned = lib.mapAttrs (tool: _: callPackage ./go.nix { inherit tool; }) (
    lib.filterAttrs (
      tool: kind:
      kind == "directory" && lib.hasInfix "\ntool " (builtins.readFile ../../stack/go/${tool}/go.mod)
    ) (builtins.readDir ../../stack/go)
  );
  programs = {
    inherit (prev) minio thanos;
    garage = prev.garage_2;
    pushgateway = prev.prometheus-pushgateway;
  }
  // pinned;

  stack-config = callPackage ./stack-config.nix { };
in
{
  signalbox =
    programs
    // services
    // {
      inherit dashboard web stack-config;
      demo = callPackage ./demo.nix { };

      # What the flake shows as its packages: what is built from this tree, not what is nixpkgs' own.
      built =
        pinned
        // lib.mapAttrs' (name: lib.nameValuePair "signalbox-${name}") (
          services
          // {
            inherit dashboard web;
            inherit (final.signalbox) demo;
          }
        )
        // {
          inherit stack-config;
        };
    };
}
