# Which parts run on this machine, by their names in stack/memory.json, and in which units.
{ config, lib, ... }:
let
  unitOf =
    part:
    {
      node-exporter = "prometheus-node-exporter";
      collector = "signalbox-collector";
      dashboard = "signalbox-dashboard";
      health = "signalbox-health";
    }
    .${part} or part;

  isOn = {
    inherit (config.services) garage minio prometheus;
    inherit (config.services.prometheus) alertmanager pushgateway;
    inherit (config.services.signalbox) collector dashboard;
    health = config.services.signalbox.healthAgent;
    node-exporter = config.services.prometheus.exporters.node;
  }
  // lib.mapAttrs' (part: lib.nameValuePair "thanos-${part}") (
    lib.removeAttrs config.services.thanos [ "package" ]
  );
in
{
  options.services.signalbox.parts = lib.mkOption {
    type = lib.types.attrsOf lib.types.str;
    internal = true;
    readOnly = true;
    default = lib.mapAttrs (part: _: unitOf part) (lib.filterAttrs (_: part: part.enable) isOn);
    description = "The units of what runs on this machine, by part, without `.service`.";
  };
}
