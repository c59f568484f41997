# mkDeployment turns a customer's deployment into systems, one for each machine in it:
#
#   mkDeployment { name = "acme"; module = ./deployments/acme; }
#
# gives `acme`, the box, and `acme-prod`, the machine of the data plane prod. With two boxes a and b it gives `acme-a` and `acme-b`.
# A data plane that has the name of a box is on that box: it is no machine of its own.
{
  lib,
  system,
  base,
  modulesPath,
}:
{ name, module }:
let
  # which machines there are, before any of them is made
  facts =
    (lib.evalModules {
      specialArgs = { inherit modulesPath; };
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
if facts.boxes == { } && facts.dataPlanes == { } then
  throw ''
    The deployment ${name} has no machines. Name at least one, for example:
    services.signalbox.appliance.boxes.a.address = "10.20.0.10".''
else
  lib.mapAttrs' (
    box: _: lib.nameValuePair (if alone then name else "${name}-${box}") (machine box)
  ) facts.boxes
  // lib.mapAttrs' (plane: _: lib.nameValuePair "${name}-${plane}" (machine plane)) (
    lib.removeAttrs facts.dataPlanes (lib.attrNames facts.boxes)
  )
