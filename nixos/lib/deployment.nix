# mkDeployment turns a customer's deployment into systems, one for each machine in it:
#
#   mkDeployment { name = "acme"; module = ./deployments/acme; }
#
# gives `acme`, the box, and `acme-prod`, the machine of the data plane prod. With two boxes a and b it gives `acme-a` and `acme-b`.
{
  lib,
  system,
  base,
}:
{ name, module }:
let
  # which machines there are, before any of them is made
  facts =
    (lib.evalModules {
      modules = [
        ../modules/appliance/options.nix
        module
        { _module.check = false; }
      ];
    }).config.services.signalbox.appliance;
  alone = lib.length (lib.attrNames facts.boxes) == 1;

  machine =
    host:
    lib.nixosSystem {
      modules = base ++ [
        module
        {
          nixpkgs.hostPlatform = system;
          services.signalbox.appliance = { inherit host; };
        }
      ];
    };
in
lib.mapAttrs' (
  box: _: lib.nameValuePair (if alone then name else "${name}-${box}") (machine box)
) facts.boxes
// lib.mapAttrs' (plane: _: lib.nameValuePair "${name}-${plane}" (machine plane)) facts.dataPlanes
