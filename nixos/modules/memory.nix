# How much memory each part of the control plane may take: by the class of the box, as stack/memory.json has it.
{ config, lib, ... }:
let
  inherit (config.services.signalbox) appliance memory parts;

  # Prometheus and Thanos find their limit by themselves, and these are no Go.
  isTold =
    part:
    !lib.elem part [
      "dashboard"
      "garage"
      "health"
      "prometheus"
    ]
    && !lib.hasPrefix "thanos-" part;
in
{
  options.services.signalbox.memory = lib.mkOption {
    type = lib.types.raw;
    internal = true;
    readOnly = true;
    default = (lib.importJSON ../../stack/memory.json).${appliance.memory};
    description = "What `stack/memory.json` says of this class of box: parts and caches in MiB.";
  };

  config = lib.mkIf (appliance.enable && appliance.roles.controlPlane.enable) {
    systemd.services = lib.mapAttrs' (
      part: unit:
      let
        mebibytes = memory.parts.${part};
      in
      lib.nameValuePair unit {
        # a tenth for what the runtime of Go does not count
        environment = lib.mkIf (isTold part) { GOMEMLIMIT = "${toString (mebibytes * 9 / 10)}MiB"; };
        serviceConfig = {
          # slowed down before it is killed
          MemoryHigh = lib.mkDefault "${toString (mebibytes * 19 / 20)}M";
          MemoryMax = lib.mkDefault "${toString mebibytes}M";
        };
      }
      # the collector has a budget of its own, and its unit follows that
    ) (lib.removeAttrs (lib.intersectAttrs memory.parts parts) [ "collector" ]);
  };
}
