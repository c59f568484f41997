{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  cfg = config.services.signalbox.demoApi;
  file = ours.checkedSettings { inherit (cfg) package settings; };
in
{
  options.services.signalbox.demoApi = {
    enable = lib.mkEnableOption "the demo API, an ordinary web service that exists to be observed";

    package = lib.mkPackageOption pkgs [ "signalbox" "demo-api" ] { };

    settings = lib.mkOption {
      type = lib.types.submodule {
        freeformType = ours.toml.type;
        options = {
          listen = lib.mkOption {
            type = lib.types.listOf ours.addressAndPort;
            default = [ "127.0.0.1:8080" ];
            example = [ "10.0.0.11:8080" ];
            description = "Where it serves.";
          };
          environment = lib.mkOption {
            type = lib.types.str;
            example = "prod";
            description = "The environment that it belongs to.";
          };
          data_plane_id = lib.mkOption {
            type = lib.types.str;
            example = "dp-prod-01";
            description = "The data plane that it belongs to.";
          };
          export = {
            endpoint = lib.mkOption {
              type = lib.types.str;
              default = "http://127.0.0.1:4318";
              example = "http://10.0.0.11:4318";
              description = "Where it sends its metrics: an OTLP/HTTP receiver.";
            };
            interval = lib.mkOption {
              type = lib.types.str;
              default = "5s";
              example = "2s";
              description = "How often it sends them: more often than Prometheus scrapes.";
            };
          };
        };
      };
      default = { };
      example.fault.error_ratio = 0.1;
      description = ''
        The service's settings. Every key of its configuration file is allowed; `signalbox-demo-api check-config` lists them with their
        defaults, and checks these at build time.'';
    };
  };

  config = lib.mkIf cfg.enable {
    environment.etc."signalbox/demo-api.toml".source = file;
    systemd.packages = [ (ours.unitFile "signalbox-demo-api.service") ];
    systemd.services.signalbox-demo-api = ours.service {
      inherit (cfg) package;
      files = [ "/etc/signalbox/demo-api.toml" ];
      # faults are settings: they change without a restart
      reload = [ file ];
    };

    services.signalbox.listeners = lib.listToAttrs (
      lib.imap1 (index: lib.nameValuePair "demo API, address ${toString index}") cfg.settings.listen
    );
  };
}
