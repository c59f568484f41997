# Deployments that nobody has yet and that must evaluate all the same: the machines of each.
{ lib }:
self:
let
  small = {
    enable = true;
    customer = "small";
    region = "here";
    boxes.a.address = "10.0.0.10";
  };
  # the shipped file with the address filled in
  remoteWrite = builtins.toFile "remote-write.yml" (
    lib.replaceStrings [ "metrics.example.com" ] [ "metrics.vendor.example" ] (
      builtins.readFile ../../stack/prometheus/optional/remote-write.yml
    )
  );
  secret.alertmanager.webhookUrlFile = "/run/secrets/webhook-url";

  deployments = {
    pair = {
      appliance = lib.recursiveUpdate small {
        boxes.b.address = "10.0.0.20";
        dataPlanes.prod.address = "10.0.0.11";
        memory = "8GB";
        disk = 512;
      };
      prometheus = {
        optional = [
          "kubernetes-pods"
          "postgresql"
          remoteWrite
        ];
        targets.postgresql = [ { targets = [ "10.0.0.30:9187" ]; } ];
        secrets.kubeconfig = "/run/secrets/kubeconfig";
        secrets.remote-write-token = "/run/secrets/remote-write-token";
        jobs.batch.scrape_interval = "1m";
        targets.batch = [ { targets = [ "10.0.0.31:9000" ]; } ];
        retention.size = "200GB";
      };
    };
    pair-with-one-bucket = {
      appliance = lib.recursiveUpdate small {
        boxes.b.address = "10.0.0.20";
      };
      objectStore = {
        backend = "s3";
        endpoint = "s3.example.org:443";
        credentialsFile = "/run/secrets/s3-credentials";
      };
    };
    pair-ipv6 = {
      appliance = lib.recursiveUpdate small {
        boxes.a.address = "fd20::10";
        boxes.b.address = "fd20::20";
        dataPlanes.prod.address = "fd20::11";
        dataPlanes.prod.demo = true;
        network.gateway = "fd20::1";
      };
    };
    all-on-one = {
      appliance = small // {
        dataPlanes.a = {
          address = "10.0.0.10";
          environment = "prod";
          demo = true;
        };
      };
    };
    several-of-one-environment = {
      appliance = small // {
        dataPlanes = {
          prod-east = {
            address = "10.0.0.11";
            environment = "prod";
          };
          prod-west = {
            address = "10.0.0.12";
            environment = "prod";
            id = "dp-prod-02";
          };
        };
      };
    };
    boxes-elsewhere = {
      appliance = small // {
        boxes = { };
        dataPlanes.prod.address = "10.0.0.11";
      };
    };
    least = {
      appliance = small // {
        memory = "2GB";
        disk = 16;
      };
      alertmanager.enable = false;
      dashboard.enable = false;
      nodeExporter.enable = false;
      pushgateway.enable = false;
      thanos.enable = false;
    };
    moved-ports = {
      appliance = small // {
        dataPlanes.prod.address = "10.0.0.11";
      };
      prometheus.port = 19090;
      alertmanager.port = 19093;
      dashboard.settings.listen = "10.0.0.10:80";
      nodeExporter.port = 19100;
      pushgateway.port = 19091;
      thanos.ruleFiles = [ ../../stack/thanos/rules/error-budgets.yml ];
      prometheus.retention = {
        time = "90d";
        size = "50GB";
      };
    };
    secured = {
      appliance = small // {
        dataPlanes.prod = {
          address = "10.0.0.11";
          memory = 4096;
        };
      };
      collector.settings = {
        tls = {
          cert_file = "/var/lib/acme/prod.example.org/fullchain.pem";
          key_file = "/var/lib/acme/prod.example.org/key.pem";
          client_ca_file = "/etc/ssl/certs/clients.pem";
        };
        auth.bearer_token_file = "/run/secrets/collector-tokens";
        limits.memory_bytes = 2 * 1024 * 1024 * 1024;
        limits.connections = 10000;
        process = [
          {
            step = "resource_attributes";
            actions = [
              {
                action = "upsert";
                key = "site";
                from_env = "SITE";
              }
            ];
          }
        ];
      };
    };
    store-elsewhere = {
      appliance = small;
      objectStore = {
        backend = "s3";
        endpoint = "s3.example.org:443";
        credentialsFile = "/run/secrets/s3-credentials";
      };
      thanos.compactor = false;
      thanos.ruleFiles = [ ];
    };
  };
in
lib.mapAttrs (
  name: services:
  self.lib.mkDeployment {
    inherit name;
    module.services.signalbox = lib.recursiveUpdate secret services;
  }
) deployments
