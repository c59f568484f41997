{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  cfg = config.services.signalbox.collector;
  inherit (cfg.settings) listen;
  aliases = "${config.services.signalbox.stack}/share/signalbox/stack/collector/collector.toml";
  file = ours.checkedSettings {
    inherit (cfg) package settings;
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
in
{
  options.services.signalbox.collector = {
    enable = lib.mkEnableOption "the collector: it takes OTLP and exposes the metrics for Prometheus";

    package = lib.mkPackageOption pkgs [ "signalbox" "collector" ] { };

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
        };
      };
      default = { };
      example.limits.series = 200000;
      description = ''
        The collector's settings. Every key of its configuration file is allowed; `signalbox-collector check-config` lists them with their
        defaults, and checks these at build time. They are laid over `stack/collector/collector.toml`.'';
    };
  };

  config = lib.mkIf cfg.enable {
    environment.etc."signalbox/collector.toml".source = file;
    systemd.packages = [ (ours.unitFile "signalbox-collector.service") ];
    systemd.services.signalbox-collector = ours.service {
      inherit (cfg) package;
      files = [
        aliases
        "/etc/signalbox/collector.toml"
      ];
      changes = [ file ];
    };

    services.signalbox.listeners = {
      "collector, OTLP over gRPC" = listen.grpc;
      "collector, OTLP over HTTP" = listen.http;
      "collector, collected metrics" = listen.data;
      "collector, its own metrics" = listen.self_metrics;
    };
  };
}
