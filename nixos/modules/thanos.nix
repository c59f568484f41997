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
  inherit (config.services.signalbox)
    alertmanager
    memory
    objectStore
    prometheus
    stack
    ;
  cfg = config.services.signalbox.thanos;

  ports = {
    sidecar = {
      grpc = 10901;
      http = 10902;
    };
    query = {
      http = 10903;
      grpc = 10904;
    };
    store = {
      grpc = 10905;
      http = 10906;
    };
    compact.http = 10907;
    query-frontend.http = 10908;
    rule = {
      http = 10909;
      grpc = 10910;
    };
  };
  at = part: protocol: "${cfg.listenAddress}:${toString ports.${part}.${protocol}}";
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

  # whom queries ask
  stores = lib.intersectLists [ "sidecar" "store" "rule" ] parts;

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
      example = "0d";
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

  # no web page of another origin may read the APIs
  sameOrigin = "--web.disable-cors";

  # A file of stack/thanos, with the size for this machine.
  cache = name: mebibytes: {
    text = ours.withValue "thanos/${name}" "  max_size" "${toString mebibytes}MiB" (
      builtins.readFile (../../stack/thanos + "/${name}")
    );
  };
  files = {
    # Thanos reads it again every five minutes; an address on each line, for people
    "thanos/endpoints.yml".text =
      "endpoints:\n"
      + lib.concatMapStrings (address: "  - address: ${builtins.toJSON address}\n") (
        map (part: at part "grpc") (lib.remove "store" stores) ++ cfg.stores
      )
      # One that is away is soon forgotten, and then no answer says that something is missing. This one is asked always: without it, old
      # samples are. Those of a peer are not missed, for this box has the same.
      + "  - address: ${builtins.toJSON (at "store" "grpc")}\n    strict: true\n";
    "thanos/query-frontend-cache.yml" = cache "query-frontend-cache.yml" memory.caches.response-cache;
    "thanos/store-index-cache.yml" = cache "store-index-cache.yml" memory.caches.store-index-cache;
  };
  # where it may write which queries run, to tell after a crash
  active = "thanos-query";
in
{
  options.services.signalbox.thanos = {
    enable = lib.mkEnableOption "Thanos: sidecar, store gateway, compactor, ruler, query and its frontend";

    package = lib.mkPackageOption pkgs [ "signalbox" "thanos" ] { };

    listenAddress = lib.mkOption {
      type = lib.types.str;
      default = "127.0.0.1";
      example = "10.0.0.10";
      description = "The address that all its parts listen on; the peer of a pair asks sidecar and store gateway there.";
    };

    stores = lib.mkOption {
      type = lib.types.listOf ours.addressAndPort;
      default = [ ];
      example = [
        "10.0.0.20:10901"
        "10.0.0.20:10905"
        "10.0.0.20:10910"
      ];
      description = "Sidecars, store gateways and rulers of other boxes, which queries ask too.";
    };

    compactor = lib.mkOption {
      type = lib.types.bool;
      default = true;
      example = false;
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
      default = map (file: "${stack}/share/signalbox/stack/thanos/rules/${file}") (
        lib.attrNames (builtins.readDir ../../stack/thanos/rules)
      );
      defaultText = lib.literalMD "those of `stack/thanos/rules`";
      example = lib.literalExpression "[ ./error-budgets.yml ]";
      description = "Rules over more than Prometheus keeps, such as error budgets of 30 days. Without any, there is no ruler.";
    };

    parts = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      internal = true;
      readOnly = true;
      default = parts;
      description = "The parts that run.";
    };

    httpPorts = lib.mkOption {
      type = lib.types.attrsOf lib.types.port;
      internal = true;
      readOnly = true;
      default = lib.mapAttrs (_: port: port.http) ports;
      description = "Where each part answers over HTTP, if it runs.";
    };

    storePorts = lib.mkOption {
      type = lib.types.listOf lib.types.port;
      internal = true;
      readOnly = true;
      default = map (part: ports.${part}.grpc) stores;
      description = "Where the parts that queries ask answer over gRPC.";
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

    # `thanos tools`, which runbooks and the doctor name
    environment.systemPackages = [ cfg.package ];

    services.thanos = lib.mkMerge [
      { inherit (cfg) package; }
      (lib.genAttrs parts (part: {
        enable = true;
        http-address = at part "http";
        arguments = lib.mkOptionDefault [ "--enable-auto-gomemlimit" ];
      }))
      (lib.genAttrs (lib.filter (part: ports.${part} ? grpc) parts) (part: {
        grpc-address = at part "grpc";
      }))
      (lib.genAttrs withStore (_: {
        objstore.config = objectStore.thanosConfig;
      }))
      {
        sidecar = {
          prometheus.url = "http://${prometheus.listenAddress}:${toString prometheus.port}";
          # as soon after Prometheus answers, when it did not at the start
          arguments = lib.mkOptionDefault [ "--prometheus.get_config_interval=5s" ];
        };
        store = {
          chunk-pool-size = "${toString memory.caches.store-chunk-pool}MiB";
          arguments = lib.mkOptionDefault [
            "--index-cache.config-file=/etc/thanos/store-index-cache.yml"
            # a query that touches more series fails, and not the gateway
            "--store.grpc.touched-series-limit=${toString memory.limits.store-touched-series}"
            "--disable-admin-operations"
            sameOrigin
          ];
        };
        query = {
          query.replica-labels = [
            "replica"
            # a batch job pushes to both boxes: its series, scraped from each, are one
            "pushgateway"
          ];
          query.auto-downsampling = true;
          query.partial-response = true;
          # what is asked at once takes the processor from scrapes, and the sidecar's memory; the rest waits
          query.max-concurrent = 4;
          # a peer that hangs does not hold up the answer
          store.response-timeout = "10s";
          arguments = lib.mkOptionDefault [
            "--endpoint.sd-config-file=/etc/thanos/endpoints.yml"
            "--deduplication.func=penalty"
            "--query.active-query-path=/var/cache/${active}"
            sameOrigin
          ];
        };
        query-frontend = {
          query-frontend.downstream-url = "http://${at "query" "http"}";
          arguments = lib.mkOptionDefault [
            "--query-range.response-cache-config-file=/etc/thanos/query-frontend-cache.yml"
            "--query-frontend.compress-responses"
            sameOrigin
          ];
        };
        compact = lib.mkIf cfg.compactor {
          retention = {
            resolution-raw = cfg.retention.raw;
            resolution-5m = cfg.retention.fiveMinutes;
            resolution-1h = cfg.retention.oneHour;
          };
          arguments = lib.mkOptionDefault [
            "--disable-admin-operations"
            sameOrigin
          ];
        };
        rule = lib.mkIf rules {
          labels = prometheus.externalLabels // {
            source = "ruler";
          };
          rule-files = map (file: "${file}") cfg.ruleFiles;
          query.addresses = [ "http://${at "query" "http"}" ];
          # the peers are like this one
          alertmanagers.urls = lib.optionals alertmanager.enable (
            map (host: "http://${host}:${toString alertmanager.port}") (
              [ alertmanager.listenAddress ] ++ alertmanager.peers
            )
          );
          alert.label-drop = [ "replica" ];
          arguments = lib.mkOptionDefault [ sameOrigin ];
        };
      }
    ];

    environment.etc = files;

    system.checks = lib.optional rules (
      pkgs.runCommand "signalbox-thanos-check" { nativeBuildInputs = [ cfg.package ]; } ''
        thanos tools rules-check ${lib.concatMapStringsSep " " (file: "--rules=${file}") cfg.ruleFiles}
        touch $out
      ''
    );

    systemd.services = lib.mkMerge [
      (lib.genAttrs (map (part: "thanos-${part}") parts) (_: {
        inherit (ours.online) wants after;
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
        thanos-query.serviceConfig.CacheDirectory = active;
        # read once, at the start
        thanos-query-frontend.restartTriggers = [ files."thanos/query-frontend-cache.yml".text ];
        thanos-store.restartTriggers = [ files."thanos/store-index-cache.yml".text ];
      }
    ];

    services.signalbox.listeners = lib.mergeAttrsList (
      map (
        part:
        lib.mapAttrs' (
          protocol: _: lib.nameValuePair "Thanos ${part}, ${protocol}" (at part protocol)
        ) ports.${part}
      ) parts
    );
  };
}
