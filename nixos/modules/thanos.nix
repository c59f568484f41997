# nixpkgs' Thanos: the long memory of the box. Every part has addresses of its own (the defaults are the same for all), keys come from the
# credentials file, and the units are hardened, which nixpkgs leaves to us.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  inherit (config.services.signalbox) objectStore prometheus;
  cfg = config.services.signalbox.thanos;
  at = port: "${cfg.listenAddress}:${toString port}";

  ports = {
    sidecar = {
      grpc = at 10901;
      http = at 10902;
    };
    query = {
      http = at 10903;
      grpc = at 10904;
    };
    store = {
      grpc = at 10905;
      http = at 10906;
    };
    compact.http = at 10907;
    query-frontend.http = at 10908;
    rule = {
      http = at 10909;
      grpc = at 10910;
    };
  };
  rules = cfg.ruleFiles != [ ];
  parts = [
    "sidecar"
    "store"
    "query"
    "query-frontend"
  ]
  ++ lib.optional cfg.compactor "compact"
  ++ lib.optional rules "rule";
  withStore = lib.intersectLists parts [
    "sidecar"
    "store"
    "compact"
    "rule"
  ];

  # days, hours … as hours
  hours =
    text:
    let
      found = builtins.match "([0-9]+)([hdwy])" text;
    in
    lib.toIntBase10 (lib.elemAt found 0)
    * {
      h = 1;
      d = 24;
      w = 7 * 24;
      y = 365 * 24;
    }
    .${lib.elemAt found 1};
  retention =
    default: what:
    lib.mkOption {
      type = lib.types.strMatching "[0-9]+[hdwy]";
      inherit default;
      description = "How long ${what} are kept; 0d is for ever.";
    };
  # Thanos makes the next resolution only of what is old enough. What is deleted before is missing in the coarser ones.
  keepsLongEnough =
    {
      which,
      needs,
      next,
    }:
    let
      kept = cfg.retention.${which};
    in
    {
      assertion = hours kept == 0 || hours kept > needs;
      message = ''
        services.signalbox.thanos.retention.${which} is ${kept}, but the samples of ${next} are made of what is ${toString needs} hours old: it
        would be deleted before. Keep it for more than ${toString needs} hours, for example "${toString (needs / 24 + 2)}d".'';
    };

  cache = (pkgs.formats.yaml { }).generate "response-cache.yml" {
    type = "IN-MEMORY";
    # without a size there is no cache
    config.max_size = "128MB";
  };
in
{
  options.services.signalbox.thanos = {
    enable = lib.mkEnableOption "Thanos: sidecar, store gateway, compactor, query and its frontend";

    package = lib.mkPackageOption pkgs [ "signalbox" "thanos" ] { };

    listenAddress = lib.mkOption {
      type = lib.types.str;
      default = "127.0.0.1";
      description = "The address that all its parts listen on; the peer of a pair asks sidecar and store gateway there.";
    };

    stores = lib.mkOption {
      type = lib.types.listOf ours.addressAndPort;
      default = [ ];
      example = [
        "10.0.0.20:10901"
        "10.0.0.20:10905"
      ];
      description = "Sidecars and store gateways of other boxes, which queries ask too.";
    };

    compactor = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = ''
        Whether this machine compacts the bucket. Exactly one may do that for each bucket: boxes that share one of an S3 service elsewhere
        switch it off on all but one.'';
    };

    retention = {
      raw = retention "30d" "samples as they were scraped";
      fiveMinutes = retention "120d" "samples of five minutes";
      oneHour = retention "730d" "samples of one hour";
    };

    ruleFiles = lib.mkOption {
      type = lib.types.listOf lib.types.path;
      default = [ ];
      description = "Rules over more than Prometheus keeps, such as error budgets of 30 days. Without any, there is no ruler.";
    };

    sharesCompaction = lib.mkOption {
      type = lib.types.bool;
      internal = true;
      readOnly = true;
      default = lib.versionAtLeast cfg.package.version "0.41";
      description = "Whether the sidecar tells Prometheus which blocks it may compact. An older one wants Prometheus not to compact at all.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = prometheus.enable && objectStore.enable;
        message = "services.signalbox.thanos needs services.signalbox.prometheus and services.signalbox.objectStore: enable both, or neither.";
      }
      (keepsLongEnough {
        which = "raw";
        needs = 40;
        next = "five minutes";
      })
      (keepsLongEnough {
        which = "fiveMinutes";
        needs = 240;
        next = "one hour";
      })
    ];

    services.thanos = lib.mkMerge [
      { inherit (cfg) package; }
      (lib.genAttrs parts (part: {
        enable = true;
        http-address = ports.${part}.http;
      }))
      (lib.genAttrs (lib.filter (part: ports.${part} ? grpc) parts) (part: {
        grpc-address = ports.${part}.grpc;
      }))
      (lib.genAttrs withStore (_: {
        objstore.config = objectStore.thanosConfig;
      }))
      {
        sidecar.prometheus.url = "http://${prometheus.listenAddress}:${toString prometheus.port}";
        store = {
          # of a machine with 4 GB
          index-cache-size = "128MB";
          chunk-pool-size = "256MB";
          arguments = lib.mkOptionDefault [ "--disable-admin-operations" ];
        };
        query = {
          endpoints = [
            ports.sidecar.grpc
            ports.store.grpc
          ]
          ++ lib.optional rules ports.rule.grpc
          ++ cfg.stores;
          query.replica-labels = [ "replica" ];
          query.auto-downsampling = true;
          query.partial-response = true;
          # a peer that hangs does not hold up the answer
          store.response-timeout = "10s";
          # no web page of another origin may read the API
          arguments = lib.mkOptionDefault [ "--web.disable-cors" ];
        };
        query-frontend = {
          query-frontend.downstream-url = "http://${ports.query.http}";
          arguments = lib.mkOptionDefault [ "--query-range.response-cache-config-file=${cache}" ];
        };
        compact = lib.mkIf cfg.compactor {
          retention = {
            resolution-raw = cfg.retention.raw;
            resolution-5m = cfg.retention.fiveMinutes;
            resolution-1h = cfg.retention.oneHour;
          };
          arguments = lib.mkOptionDefault [ "--disable-admin-operations" ];
        };
        rule = lib.mkIf rules {
          labels = prometheus.externalLabels // {
            source = "ruler";
          };
          rule-files = cfg.ruleFiles;
          query.addresses = [ "http://${ports.query.http}" ];
          alertmanagers.urls = [ "http://${cfg.listenAddress}:9093" ];
          alert.label-drop = [ "replica" ];
        };
      }
    ];

    systemd.services = lib.mkMerge [
      (lib.genAttrs (map (part: "thanos-${part}") parts) (_: {
        startLimitIntervalSec = 0;
        serviceConfig = ours.hardening // {
          RestartSec = 5;
          TimeoutStopSec = 120;
        };
      }))
      (lib.genAttrs (map (part: "thanos-${part}") withStore) (_: {
        environment.AWS_SHARED_CREDENTIALS_FILE = "%d/s3-credentials";
        wants = lib.optional (objectStore.backend != "s3") "signalbox-object-store-keys.service";
        after = lib.optional (objectStore.backend != "s3") "signalbox-object-store-keys.service";
        serviceConfig.LoadCredential = [ "s3-credentials:${objectStore.credentialsFile}" ];
      }))
      {
        # beside Prometheus, in its folder
        thanos-sidecar.serviceConfig.ReadWritePaths = [ "/var/lib/${config.services.prometheus.stateDir}" ];
      }
    ];

    services.signalbox.prometheus.jobs.thanos = { };
    services.signalbox.listeners = lib.mergeAttrsList (
      map (
        part: lib.mapAttrs' (protocol: lib.nameValuePair "Thanos ${part}, ${protocol}") ports.${part}
      ) parts
    );
  };
}
