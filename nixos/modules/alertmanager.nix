# nixpkgs' Alertmanager with stack/alertmanager/alertmanager.yml as it is.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  cfg = config.services.signalbox.alertmanager;
  address = "${cfg.listenAddress}:${toString cfg.port}";
  inherit (config.services.signalbox) healthAgent;
  text = builtins.readFile ../../stack/alertmanager/alertmanager.yml;
  alone = cfg.peers == [ ];
in
{
  options.services.signalbox.alertmanager = {
    enable = lib.mkEnableOption "Alertmanager with the routing of Signalbox";

    package = lib.mkPackageOption pkgs [ "signalbox" "alertmanager" ] { };

    listenAddress = lib.mkOption {
      type = lib.types.str;
      default = "127.0.0.1";
      example = "10.0.0.10";
      description = "The address that it listens on, for its API and for its peers.";
    };

    port = lib.mkOption {
      type = lib.types.port;
      default = 9093;
      example = 19093;
      description = "The port of its API.";
    };

    peers = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "10.0.0.20" ];
      description = "Addresses of the other Alertmanagers of the mesh. Without any, no port is opened for one.";
    };

    peerName = lib.mkOption {
      type = lib.types.str;
      default = "alertmanager-${config.networking.hostName}";
      defaultText = lib.literalExpression ''"alertmanager-''${config.networking.hostName}"'';
      example = "alertmanager-a";
      description = "Its name in the mesh. The first by name notifies first, the others only what the first has not.";
    };

    webhookUrlFile = lib.mkOption {
      type = lib.types.nullOr ours.secretFile;
      default = null;
      example = "/run/secrets/webhook-url";
      description = "The file with the URL to which notifications are sent, in one line. It is a secret: such URLs hold a token.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.webhookUrlFile != null;
        message = ''
          services.signalbox.alertmanager.webhookUrlFile is missing, so nobody would be told of an alert. Name the file on the machine that holds
          the URL of the receiver, for example "/run/secrets/webhook-url".'';
      }
      {
        assertion = !lib.hasInfix "$" text;
        message = ''
          stack/alertmanager/alertmanager.yml has a $ in it, and NixOS replaces what looks like a variable there before Alertmanager reads it.
          Leave it out, or put the template that needs it into a file of its own (templates:).'';
      }
    ];

    # amtool, which runbooks and the doctor name
    environment.systemPackages = [ cfg.package ];

    services.prometheus.alertmanager = {
      enable = true;
      inherit (cfg) package listenAddress port;
      configText = text;
      logLevel = "info";
      webExternalUrl = "http://${address}/";
      clusterPeers = cfg.peers;
      extraFlags = [
        "--cluster.listen-address=${lib.optionalString (!alone) "${cfg.listenAddress}:9094"}"
        "--data.retention=120h"
        "--enable-feature=utf8-strict-mode"
      ]
      ++ lib.optionals (!alone) [
        "--cluster.peer-name=${cfg.peerName}"
        # it talks to nobody else's
        "--cluster.label=signalbox"
        # as long as Prometheus may take to send an alert again: until then, one that is firing would seem resolved
        "--dispatch.start-delay=1m"
      ];
    };

    systemd.services.alertmanager = {
      startLimitIntervalSec = 0;
      # the configuration names the files, which are looked for in the working directory
      preStart = lib.mkAfter (
        ''
          ln --symbolic --force "$CREDENTIALS_DIRECTORY/webhook-url" webhook-url
        ''
        + lib.optionalString healthAgent.enable ''
          printf '%s\n' http://${healthAgent.settings.listen}/canary/alert >canary-url
        ''
      );
      serviceConfig = {
        LoadCredential = lib.optional (cfg.webhookUrlFile != null) "webhook-url:${cfg.webhookUrlFile}";
        LockPersonality = true;
        PrivateUsers = true;
        RestartSec = 5;
        SystemCallArchitectures = "native";
        # in a pair, it does not end before the start delay is over
        TimeoutStopSec = if alone then 30 else 90;
        UMask = "0077";
      };
    };

    services.signalbox.listeners = {
      Alertmanager = address;
    }
    // lib.optionalAttrs (!alone) { "Alertmanager, mesh" = "${cfg.listenAddress}:9094"; };
  };
}
