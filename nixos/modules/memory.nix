# How much memory each part of the control plane may take: by the class of the box, as stack/memory.json has it.
{ config, lib, ... }:
let
  inherit (config.services.signalbox) appliance memory;

  unitOf =
    part:
    {
      dashboard = "signalbox-dashboard";
      node-exporter = "prometheus-node-exporter";
    }
    .${part} or part;

  # Prometheus and Thanos find their limit by themselves, and these are no Go.
  isTold =
    part:
    !lib.elem part [
      "dashboard"
      "garage"
      "prometheus"
    ]
    && !lib.hasPrefix "thanos-" part;

  # what runs on this machine, by its name in stack/memory.json
  isOn = {
    inherit (config.services) garage minio prometheus;
    inherit (config.services.prometheus) alertmanager pushgateway;
    inherit (config.services.signalbox) dashboard;
    node-exporter = config.services.prometheus.exporters.node;
  }
  // lib.mapAttrs' (part: lib.nameValuePair "thanos-${part}") (
    lib.removeAttrs config.services.thanos [ "package" ]
  );
  parts = lib.filterAttrs (part: _: isOn.${part}.enable) (lib.intersectAttrs isOn memory.parts);
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
      part: mebibytes:
      lib.nameValuePair (unitOf part) {
        # a tenth for what the runtime of Go does not count
        environment = lib.mkIf (isTold part) { GOMEMLIMIT = "${toString (mebibytes * 9 / 10)}MiB"; };
        serviceConfig = {
          # slowed down before it is killed
          MemoryHigh = lib.mkDefault "${toString (mebibytes * 19 / 20)}M";
          MemoryMax = lib.mkDefault "${toString mebibytes}M";
        };
      }
    ) parts;
  };
}
