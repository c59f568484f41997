# nixpkgs' Pushgateway; it keeps what was pushed over a restart.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  cfg = config.services.signalbox.pushgateway;
  address = "${cfg.listenAddress}:${toString cfg.port}";
in
{
  options.services.signalbox.pushgateway = {
    enable = lib.mkEnableOption "the Pushgateway, for batch jobs";

    package = lib.mkPackageOption pkgs [ "signalbox" "pushgateway" ] { };

    listenAddress = lib.mkOption {
      type = lib.types.str;
      default = "127.0.0.1";
      example = "10.0.0.10";
      description = "The address that it listens on.";
    };

    port = lib.mkOption {
      type = lib.types.port;
      default = 9091;
      example = 19091;
      description = "The port that it listens on.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.prometheus.pushgateway = {
      enable = true;
      inherit (cfg) package;
      web.listen-address = address;
      persistMetrics = true;
      # at most what was pushed in so long is lost with the process
      persistence.interval = "5s";
    };
    systemd.services.pushgateway = {
      inherit (ours.online) wants after;
      startLimitIntervalSec = 0;
      serviceConfig = {
        PrivateUsers = true;
        RestartSec = 5;
        SystemCallArchitectures = "native";
        UMask = "0077";
      };
    };
    services.signalbox.listeners.Pushgateway = address;
  };
}
