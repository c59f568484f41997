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
  secret.alertmanager.webhookUrlFile = "/run/secrets/webhook-url";

  deployments = {
    pair = {
      appliance = lib.recursiveUpdate small {
        boxes.b.address = "10.0.0.20";
        dataPlanes.prod.address = "10.0.0.11";
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
      appliance = small;
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
      thanos.ruleFiles = [ ../../stack/prometheus/rules/nodes.yml ];
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
