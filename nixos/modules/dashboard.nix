{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  cfg = config.services.signalbox.dashboard;
  file = ours.checkedSettings { inherit (cfg) package settings; };
in
{
  options.services.signalbox.dashboard = {
    enable = lib.mkEnableOption "the dashboard";

    package = lib.mkPackageOption pkgs [ "signalbox" "dashboard" ] { };

    url = lib.mkOption {
      type = lib.types.nullOr (
        lib.types.strMatching "https?://.*[^/]"
        // {
          description = "a URL without a slash at its end, such as https://signalbox.acme.example";
          descriptionClass = "noun";
        }
      );
      default = null;
      example = "https://signalbox.acme.example";
      description = "Where people reach the dashboard, without a slash at its end. Alerts then link to their runbooks there; without it the link is a path.";
    };

    settings = lib.mkOption {
      type = lib.types.submodule {
        freeformType = ours.toml.type;
        options = {
          listen = lib.mkOption {
            type = ours.addressAndPort;
            default = "127.0.0.1:3000";
            example = "10.0.0.10:3000";
            description = "Where the web app and its API are served.";
          };
          upstream = lib.mkOption {
            type = lib.types.str;
            default = "http://127.0.0.1:9090";
            example = "http://127.0.0.1:10908";
            description = "The store that it asks: an API like that of Prometheus; Thanos has the same.";
          };
          environments = lib.mkOption {
            type = lib.types.listOf lib.types.str;
            default = [
              "prod"
              "dev"
              "qa"
            ];
            example = [ "prod" ];
            description = "The environments, in the order in which they are shown.";
          };
        };
      };
      default = { };
      example.query_timeout = "5s";
      description = ''
        The dashboard's settings. Every key of its configuration file is allowed; `signalbox-dashboard check-config` lists them with their
        defaults, and checks these at build time.'';
    };
  };

  config = lib.mkIf cfg.enable {
    environment.etc."signalbox/dashboard.toml".source = file;
    systemd.packages = [ (ours.unitFile "signalbox-dashboard.service") ];
    systemd.services.signalbox-dashboard = ours.service {
      inherit (cfg) package;
      files = [ "/etc/signalbox/dashboard.toml" ];
      restart = [ file ];
    };
    services.signalbox.listeners.dashboard = cfg.settings.listen;
  };
}
