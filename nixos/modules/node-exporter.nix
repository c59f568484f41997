# nixpkgs' node_exporter: the machine itself, and the state of its units.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  cfg = config.services.signalbox.nodeExporter;
  address = "${cfg.listenAddress}:${toString cfg.port}";
in
{
  options.services.signalbox.nodeExporter = {
    enable = lib.mkEnableOption "node_exporter";

    package = lib.mkPackageOption pkgs [ "signalbox" "node_exporter" ] { };

    listenAddress = lib.mkOption {
      type = lib.types.str;
      default = "127.0.0.1";
      example = "10.0.0.10";
      description = "The address that it listens on.";
    };

    port = lib.mkOption {
      type = lib.types.port;
      default = 9100;
      example = 19100;
      description = "The port that it listens on.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.prometheus.exporters.node = {
      enable = true;
      inherit (cfg) listenAddress port;
      enabledCollectors = [ "systemd" ];
    };
    systemd.services.prometheus-node-exporter = {
      inherit (ours.online) wants after;
      startLimitIntervalSec = 0;
      serviceConfig =
        removeAttrs ours.hardening [
          # it looks at all mounts, and at the clock
          "PrivateUsers"
          "ProtectClock"
          "ProtectHome"
          "RestrictAddressFamilies"
        ]
        // {
          # nixpkgs' module starts that of nixpkgs
          ExecStart = lib.mkForce "${lib.getExe cfg.package} --collector.systemd --web.listen-address=${address}";
          ProtectHome = lib.mkForce "read-only";
          RestartSec = 5;
          SystemCallFilter = ours.hardening.SystemCallFilter ++ [ "adjtimex clock_adjtime" ];
        };
    };
    services.signalbox.listeners.node_exporter = address;
  };
}
