{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  cfg = config.services.signalbox.collector;
  inherit (cfg.settings) limits listen;

  # Files that root alone may read are handed to the unit, which finds them here.
  credentials = lib.filterAttrs (_: path: lib.attrByPath path null cfg.settings != null) {
    tls-cert = [
      "tls"
      "cert_file"
    ];
    tls-key = [
      "tls"
      "key_file"
    ];
    tls-client-ca = [
      "tls"
      "client_ca_file"
    ];
    bearer-tokens = [
      "auth"
      "bearer_token_file"
    ];
  };
  handed = lib.mapAttrsToList (
    name: path: lib.setAttrByPath path "/run/credentials/signalbox-collector.service/${name}"
  ) credentials;
  isThere = _: value: value != null && value != { };

  aliases = "${config.services.signalbox.stack}/share/signalbox/stack/collector/collector.toml";
  file = ours.checkedSettings {
    inherit (cfg) package;
    settings = lib.filterAttrsRecursive isThere (lib.foldl' lib.recursiveUpdate cfg.settings handed);
    defaults = [ aliases ];
  };

  address =
    port: what:
    lib.mkOption {
      type = ours.addressAndPort;
      default = "127.0.0.1:${toString port}";
      example = "10.0.0.11:${toString port}";
      description = "Where ${what}.";
    };
  fileOption =
    type: example: description:
    lib.mkOption {
      type = lib.types.nullOr type;
      default = null;
      inherit example;
      description = "${description} A renewed file takes a restart of the unit.";
    };

  # as in systemd/
  usualBudget = 512 * 1024 * 1024;
in
{
  options.services.signalbox.collector = {
    enable = lib.mkEnableOption "the collector: it takes OTLP and exposes the metrics for Prometheus";

    package = lib.mkPackageOption pkgs [ "signalbox" "collector" ] { };

    memoryMax = lib.mkOption {
      type = lib.types.int;
      readOnly = true;
      default = limits.memory_bytes * 3 / 2;
      defaultText = lib.literalMD "one and a half times `settings.limits.memory_bytes`";
      example = 805306368;
      description = "The bytes of memory with which the unit would be killed. It follows from the collector's own budget.";
    };

    settings = lib.mkOption {
      type = lib.types.submodule {
        freeformType = ours.toml.type;
        options = {
          listen = {
            grpc = address 4317 "OTLP is taken over gRPC";
            http = address 4318 "OTLP is taken over HTTP";
            data = address 8889 "Prometheus finds the collected metrics";
            self_metrics = address 8888 "the collector's own metrics are";
          };
          tls = {
            cert_file =
              fileOption lib.types.path "/var/lib/acme/collector.acme.example/fullchain.pem"
                "The collector's certificate, and those that lead from it to the authority (PEM). With it OTLP is encrypted.";
            key_file =
              fileOption ours.secretFile "/var/lib/acme/collector.acme.example/key.pem"
                "The private key of that certificate (PEM).";
            client_ca_file =
              fileOption lib.types.path "/etc/ssl/certs/acme-clients.pem"
                "The authorities of the clients that are let in (PEM). Without it, clients need no certificate.";
          };
          auth.bearer_token_file =
            fileOption ours.secretFile "/run/secrets/collector-tokens"
              "Tokens, one per line. With it, who sends OTLP must show one of them.";
          environment = lib.mkOption {
            type = lib.types.str;
            example = "prod";
            description = "The environment that the collector stands in; it is written over what clients send.";
          };
          data_plane_id = lib.mkOption {
            type = lib.types.str;
            example = "dp-prod-01";
            description = "The data plane that the collector belongs to; it is written over what clients send.";
          };
          limits.memory_bytes = lib.mkOption {
            type = lib.types.ints.positive;
            default = usualBudget;
            example = 2147483648;
            description = ''
              The memory that the collector takes, at most. When it is used up, new series are refused and those that are there go on. The unit
              is slowed down a quarter above it (MemoryHigh), and killed half above it (MemoryMax).'';
          };
        };
      };
      default = { };
      example.limits.series = 200000;
      description = ''
        The collector's settings. Every key of its configuration file is allowed; `signalbox-collector check-config` lists them with their
        defaults, and checks these at build time. They are laid over `stack/collector/collector.toml`. Changes come into force by a reload,
        except those of where it listens, of `limits.connections`, and of how much memory the unit has. Sums of deltas outlive a restart.'';
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.settings.state_dir or "" == "";
        message = ''
          services.signalbox.collector.settings.state_dir is "${cfg.settings.state_dir}", where the unit may not write. Leave it out: state is kept in
          /var/lib/signalbox-collector then. With "" nothing is kept over restarts.'';
      }
    ];

    environment.etc = {
      "signalbox/collector.toml".source = file;
      # under a name that stays, so that another version of it is no restart
      "signalbox/collector-defaults.toml".source = aliases;
    };
    systemd.packages = map ours.unitFile [
      "signalbox-collector.service"
      "signalbox-collector.socket"
    ];
    systemd.sockets.signalbox-collector = {
      wantedBy = [ "sockets.target" ];
      listenStreams = [
        # in place of those of the file
        ""
        listen.grpc
        listen.http
        listen.data
        listen.self_metrics
      ];
    };
    systemd.services.signalbox-collector = lib.mkMerge [
      (ours.service {
        inherit (cfg) package;
        files = [
          "/etc/signalbox/collector-defaults.toml"
          "/etc/signalbox/collector.toml"
        ];
        # what a reload cannot put in force
        restart = [
          (builtins.toJSON [
            listen
            (limits.connections or null)
            (cfg.settings.state_dir or null)
          ])
        ];
        reload = [
          aliases
          file
        ];
      })
      {
        serviceConfig.LoadCredential = lib.mapAttrsToList (
          name: path: "${name}:${lib.getAttrFromPath path cfg.settings}"
        ) credentials;
      }
      (lib.mkIf (limits.memory_bytes != usualBudget) {
        serviceConfig.MemoryHigh = limits.memory_bytes * 5 / 4;
        serviceConfig.MemoryMax = cfg.memoryMax;
      })
    ];

    services.signalbox.listeners = {
      "collector, OTLP over gRPC" = listen.grpc;
      "collector, OTLP over HTTP" = listen.http;
      "collector, collected metrics" = listen.data;
      "collector, its own metrics" = listen.self_metrics;
    };
  };
}
