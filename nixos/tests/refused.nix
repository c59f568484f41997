# Wrong deployments, and what the engineer must be told. Each is acme's with one thing changed.
{ lib }:
self:
let
  acme = name: change: rec {
    system = lib.nixosSystem {
      modules = [
        ../deployments/acme
        self.nixosModules.default
        ../images
        {
          nixpkgs.hostPlatform = "x86_64-linux";
          services.signalbox.appliance.host = lib.mkDefault "a";
        }
        change.module
      ];
    };
    inherit (change) says;
    inherit (system.config.system.build.toplevel) drvPath;
  };
in
lib.mapAttrs acme {
  misspelt-option = {
    module.services.signalbox.appliance.dataPlane.prod.address = "10.20.0.11";
    says = "services.signalbox.appliance.dataPlane' does not exist";
  };
  minio-without-accepting-its-insecurity = {
    module.services.signalbox.objectStore.minio.acceptKnownVulnerabilities = lib.mkForce false;
    says = ''Use backend = "garage", or accept them: services.signalbox.objectStore.minio.acceptKnownVulnerabilities = true.'';
  };
  data-plane-without-an-address = {
    module.services.signalbox.appliance.dataPlanes.lab = { };
    says = ''services.signalbox.appliance.dataPlanes.lab.address = "10.20.0.11".'';
  };
  retention-shorter-than-downsampling-needs = {
    module.services.signalbox.thanos.retention.raw = "1d";
    says = ''Keep it for more than 40 hours, for example "3d".'';
  };
  port-clash = {
    module.services.signalbox.pushgateway.port = 3000;
    says = "Move one of them";
  };
  plain-text-secret = {
    module.services.signalbox.alertmanager.webhookUrlFile = lib.mkForce ../README.md;
    says = "such as \"/run/secrets/webhook-url\" (not a file of this repository";
  };
  no-external-labels = {
    module.services.signalbox.appliance.region = lib.mkForce "";
    says = "services.signalbox.prometheus.externalLabels.region is empty";
  };
  s3-without-an-endpoint = {
    module.services.signalbox.objectStore.backend = lib.mkForce "s3";
    says = "services.signalbox.objectStore.endpoint is missing";
  };
  unknown-machine = {
    module.services.signalbox.appliance.host = "b";
    says = ''services.signalbox.appliance.host is "b", which is no machine of this deployment'';
  };
}
