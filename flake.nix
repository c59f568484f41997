{
  description = "Signalbox: OpenTelemetry's signals, in a box";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    sops-nix = {
      url = "github:Mic92/sops-nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      sops-nix,
    }:
    let
      inherit (nixpkgs) lib;
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system}.extend self.overlays.default;
    in
    {
      overlays.default = import ./nixos/packages;

      packages.${system} =
        pkgs.signalbox.built
        // {
          default = pkgs.signalbox.demo;
          options-doc = pkgs.callPackage ./nixos/packages/options-doc.nix { };
        }
        // lib.mapAttrs' (
          name: machine: lib.nameValuePair "image-${name}" machine.config.system.build.images.qemu-efi
        ) self.nixosConfigurations;

      apps.${system} = rec {
        default = demo;
        demo = {
          type = "app";
          program = lib.getExe pkgs.signalbox.demo;
          meta.description = "The whole box on this machine, as `make demo` runs it";
        };
        doctor = {
          type = "app";
          program = lib.getExe pkgs.signalbox.health;
          meta.description = "What is wrong with this box, and what to do: nix run .#doctor -- --config /etc/signalbox/health.toml doctor";
        };
      };

      nixosModules = {
        # the options alone: for who brings a nixpkgs that has the overlay
        signalbox = ./nixos/modules;
        default = {
          imports = [ ./nixos/modules ];
          nixpkgs.overlays = [ self.overlays.default ];
        };
      };

      lib.mkDeployment = import ./nixos/lib/deployment.nix {
        inherit lib system;
        modulesPath = "${nixpkgs}/nixos/modules";
        base = [
          self.nixosModules.default
          sops-nix.nixosModules.sops
          ./nixos/images
        ];
      };

      # what nixos/check writes to nixos/golden, what it expects to be refused, and what to be taken
      lib.golden = import ./nixos/golden.nix { inherit lib; } self;
      lib.refused = import ./nixos/tests/refused.nix { inherit lib; } self;
      lib.unusual = import ./nixos/tests/unusual.nix { inherit lib; } self;

      # a folder for each customer
      nixosConfigurations = lib.concatMapAttrs (
        name: _:
        self.lib.mkDeployment {
          inherit name;
          module = ./nixos/deployments/${name};
        }
      ) (lib.filterAttrs (_: kind: kind == "directory") (builtins.readDir ./nixos/deployments));

      checks.${system} = import ./nixos/checks.nix { inherit self pkgs; };

      devShells.${system}.default = pkgs.callPackage ./nixos/packages/shell.nix { };

      formatter.${system} = pkgs.nixfmt-tree;
    };
}
