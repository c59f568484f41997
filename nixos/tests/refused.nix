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
  minio-on-the-network = {
    module.services.signalbox.objectStore.endpoint = "10.20.0.10:9000";
    says = ''Leave it out, or use backend = "garage".'';
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
  two-machines-at-one-address = {
    module.services.signalbox.appliance.dataPlanes.dev.address = lib.mkForce "10.20.0.11";
    says = "services.signalbox.appliance: more than one machine has the address 10.20.0.11";
  };
  two-data-planes-of-one-name = {
    module.services.signalbox.appliance.dataPlanes.east = {
      address = "10.20.0.14";
      environment = "prod";
    };
    says = ''services.signalbox.appliance.dataPlanes.‹name›.id = "dp-prod-01-east".'';
  };
  name-that-is-no-host-name = {
    module.services.signalbox.appliance.dataPlanes."Lab 1" = {
      address = "10.20.0.14";
      environment = "lab";
    };
    says = ''Use small letters, digits and dashes, such as "prod-east"'';
  };
  environment-that-is-no-label = {
    module.services.signalbox.appliance.dataPlanes.lab = {
      address = "10.20.0.14";
      environment = "the lab";
    };
    says = "services.signalbox.appliance.dataPlanes.lab.environment' is not of type";
  };
  address-that-is-none = {
    module.services.signalbox.appliance.dataPlanes.prod.address = lib.mkForce "10.20.0.11/24";
    says = "such as 10.20.0.10 or fd20::10";
  };
  order-of-what-is-not-there = {
    module.services.signalbox.appliance.order = [ "lab" ];
    says = ''services.signalbox.appliance.order names "lab", which is no data plane.'';
  };
  objective-without-a-data-plane = {
    module.services.signalbox.appliance.objectives.lab.shop.ratio.http-availability = 0.9;
    says = "or say where its data plane is: services.signalbox.appliance.dataPlanes.lab.address";
  };
  objective-in-percent = {
    module.services.signalbox.appliance.objectives.prod.shop.ratio.http-availability = 99.9;
    says = "between 0 and 1";
  };
  role-of-another-machine = {
    module.services.signalbox.appliance.roles.dataPlane.enable = true;
    says = ''services.signalbox.appliance.dataPlanes.a.address = "10.20.0.11".'';
  };
  nobody-to-tell = {
    module.services.signalbox.alertmanager.webhookUrlFile = lib.mkForce null;
    says = ''for example "/run/secrets/webhook-url".'';
  };
  retention-larger-than-the-disk = {
    module.services.signalbox.appliance.disk = 64;
    says = "Give it 32GB at most, or the box more.";
  };
  memory-of-no-class = {
    module.services.signalbox.appliance.memory = "3GB";
    says = "services.signalbox.appliance.memory' is not of type `one of \"2GB\", \"4GB\", \"8GB\"'";
  };
  optional-jobs-of-nobody = {
    module.services.signalbox.prometheus.optional = [ "postgresql" ];
    says = "services.signalbox.prometheus.targets.postgresql = [";
  };
  optional-jobs-without-their-secret = {
    module.services.signalbox.prometheus.optional = [ "kubernetes-pods" ];
    says = ''services.signalbox.prometheus.secrets."kubeconfig" = "/run/secrets/kubeconfig".'';
  };
  optional-jobs-not-filled-in = {
    module.services.signalbox.prometheus.optional = [ "dns" ];
    says = "and name the copy: ./dns.yml.";
  };
  retention-of-no-time = {
    module.services.signalbox.prometheus.retention.time = "12h";
    says = "services.signalbox.prometheus.retention.time' is not of type";
  };
  thanos-without-a-store = {
    module.services.signalbox.objectStore.enable = false;
    says = "services.signalbox.thanos needs services.signalbox.prometheus and services.signalbox.objectStore";
  };
  plain-text-secret = {
    module.services.signalbox.alertmanager.webhookUrlFile = lib.mkForce ../README.md;
    says = "such as \"/run/secrets/webhook-url\" (not a file of this repository";
  };
  collector-key-in-the-store = {
    module.services.signalbox = {
      appliance.host = "prod";
      collector.settings.tls.key_file = ../README.md;
    };
    says = "services.signalbox.collector.settings.tls.key_file' is not of type `null or the path of a secret on the machine";
  };
  collector-tokens-in-the-store = {
    module.services.signalbox = {
      appliance.host = "prod";
      collector.settings.auth.bearer_token_file = builtins.toFile "tokens" "secret";
    };
    says = "services.signalbox.collector.settings.auth.bearer_token_file' is not of type `null or the path of a secret on the machine";
  };
  collector-larger-than-its-machine = {
    module.services.signalbox = {
      appliance.host = "prod";
      appliance.dataPlanes.prod.memory = 1024;
      collector.settings.limits.memory_bytes = 1024 * 1024 * 1024;
    };
    says = "Give the collector 512 MiB at most, or the machine more.";
  };
  collector-state-in-another-folder = {
    module.services.signalbox = {
      appliance.host = "prod";
      collector.settings.state_dir = "/srv/state";
    };
    says = ''services.signalbox.collector.settings.state_dir is "/srv/state", where the unit may not write.'';
  };
  collector-that-the-boxes-cannot-scrape = {
    module.services.signalbox = {
      appliance.host = "prod";
      collector.settings.tls = {
        cert_file = "/etc/tls/cert.pem";
        key_file = "/etc/tls/key.pem";
        data = true;
      };
    };
    says = "they ask for it in plain text. Leave it out";
  };
  demo-without-the-token = {
    module.services.signalbox = {
      appliance.host = "prod";
      appliance.dataPlanes.prod.demo = true;
      collector.settings.auth.bearer_token_file = "/run/secrets/tokens";
    };
    says = "services.signalbox.appliance.dataPlanes.prod.demo sends in plain text and without a token";
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
