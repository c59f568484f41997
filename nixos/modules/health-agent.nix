# The health agent: verdicts on this box, the gate after every boot and every switch, the comparison of what runs with what was built.
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
    listeners
    objectStore
    parts
    prometheus
    ;
  cfg = config.services.signalbox.healthAgent;

  isThere = _: value: value != null && value != { } && value != [ ];
  file = ours.checkedSettings {
    inherit (cfg) package;
    settings = lib.filterAttrsRecursive isThere cfg.settings;
  };
  path = "/etc/signalbox/health.toml";
  command = words: {
    enableDefaultPath = false;
    serviceConfig.ExecStart = [
      ""
      "${lib.getExe cfg.package} --config ${path} ${words}"
    ];
  };

  # The keys of the object store, for the one unit that is handed them: each has a place of its own for them.
  withKeys = lib.mkIf (objectStore.enable && objectStore.credentialsFile != null) {
    # which makes them, where they are this machine's own
    wants = lib.optional (objectStore.backend != "s3") "signalbox-object-store-keys.service";
    after = lib.optional (objectStore.backend != "s3") "signalbox-object-store-keys.service";
    environment.SIGNALBOX_HEALTH__OBJECT_STORE__CREDENTIALS_FILE = "%d/s3-credentials";
    serviceConfig.LoadCredential = [ "s3-credentials:${objectStore.credentialsFile}" ];
  };

  # Files on this machine that nobody but their owners may read.
  secrets =
    lib.optional objectStore.enable objectStore.credentialsFile
    ++ lib.optional (
      objectStore.enable && objectStore.backend == "garage"
    ) objectStore.garage.rpcSecretFile
    ++ lib.optional alertmanager.enable alertmanager.webhookUrlFile
    ++ lib.optionals prometheus.enable (lib.attrValues prometheus.secrets);

  # sshd's, which is the one other service that is to be reached from elsewhere
  ssh = lib.optionals config.services.openssh.enable (
    lib.concatMap (port: [
      "0.0.0.0:${toString port}"
      "[::]:${toString port}"
    ]) config.services.openssh.ports
  );

  verifies = cfg.settings.verify.manifest or "" != "";

  onNetwork =
    address:
    !lib.hasPrefix "127." address
    && !lib.hasPrefix "[::1]" address
    && !lib.hasPrefix "localhost" address;
in
{
  options.services.signalbox.healthAgent = {
    enable = lib.mkEnableOption "the health agent: it judges whether the box is healthy, and says so";

    package = lib.mkPackageOption pkgs [ "signalbox" "health" ] { };

    gate.enable = lib.mkOption {
      type = lib.types.bool;
      default = cfg.enable;
      defaultText = lib.literalExpression "config.services.signalbox.healthAgent.enable";
      example = false;
      description = ''
        Whether, after every boot and every switch, the box waits for its required checks, and goes back to the generation before when they stay
        red (`settings.gate`). `signalbox-health gate --maintenance on` suspends it.'';
    };

    settings = lib.mkOption {
      type = lib.types.submodule {
        freeformType = ours.toml.type;
        options = {
          box = lib.mkOption {
            type = lib.types.str;
            default = "a";
            example = "b";
            description = "The name of this box. In a pair, the two differ in it.";
          };
          listen = lib.mkOption {
            type = ours.addressAndPort;
            default = "127.0.0.1:8870";
            example = "10.0.0.10:8870";
            description = "Where status, checks, metrics and a page for people are served.";
          };
        };
      };
      default = { };
      example.reaper.after = "6h";
      description = ''
        The agent's settings. Every key of its configuration file is allowed; `signalbox-health check-config` lists them with their defaults, and
        checks these at build time. The parts of this machine are filled in.'';
    };
  };

  config = lib.mkIf cfg.enable {
    services.signalbox.healthAgent.settings.object_store = lib.mkIf objectStore.enable {
      bucket = lib.mkDefault objectStore.bucket;
      region = lib.mkDefault objectStore.region;
      # for who is root; the units have copies
      credentials_file = lib.mkDefault objectStore.credentialsFile;
    };
    services.signalbox.healthAgent.settings.system = {
      units = lib.mkDefault (
        map (unit: "${unit}.service") (lib.attrValues (lib.removeAttrs parts [ "health" ]))
      );
      listeners = lib.mkDefault (lib.filter onNetwork (lib.attrValues listeners) ++ ssh);
      secrets = lib.mkDefault (lib.unique (lib.filter (secret: secret != null) secrets));
      profile = lib.mkDefault "/nix/var/nix/profiles/system";
      clock = lib.mkDefault true;
    };

    environment.etc."signalbox/health.toml".source = file;
    # for the operator: signalbox-health --config /etc/signalbox/health.toml doctor
    environment.systemPackages = [
      cfg.package
      # runbooks read what the parts answer by it
      pkgs.jq
    ];

    # as systemd/signalbox-health.sysusers says
    users.users.signalbox-health = {
      description = "Signalbox health agent";
      isSystemUser = true;
      group = "signalbox-health";
    };
    users.groups.signalbox-health = { };
    users.users.signalbox-health-verify = lib.mkIf verifies {
      description = "Signalbox health agent, comparing";
      isSystemUser = true;
      group = "signalbox-health-verify";
    };
    users.groups.signalbox-health-verify = lib.mkIf verifies { };

    systemd.packages = map ours.unitFile (
      [ "signalbox-health.service" ]
      ++ lib.optional cfg.gate.enable "signalbox-health-gate.service"
      ++ lib.optionals verifies [
        "signalbox-health-verify.service"
        "signalbox-health-verify.timer"
      ]
    );
    systemd.services.signalbox-health = lib.mkMerge [
      (ours.service {
        inherit (cfg) package;
        files = [ path ];
        command = "serve";
        restart = [ file ];
      })
      withKeys
    ];

    systemd.services.signalbox-health-gate = lib.mkIf cfg.gate.enable (
      lib.mkMerge [
        (command "gate")
        withKeys
        {
          wantedBy = [ "multi-user.target" ];
          requiredBy = [ "boot-complete.target" ];
          path = [
            config.nix.package
            config.systemd.package
          ];
        }
      ]
    );

    systemd.services.signalbox-health-verify = lib.mkIf verifies (command "verify");
    systemd.timers.signalbox-health-verify = lib.mkIf verifies { wantedBy = [ "signalbox.target" ]; };

    services.signalbox.listeners."health agent" = cfg.settings.listen;
  };
}
