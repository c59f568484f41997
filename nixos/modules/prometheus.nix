# nixpkgs' Prometheus with stack/prometheus/prometheus.yml as it is, and what differs per machine beside it in /etc/prometheus.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  inherit (config.services.signalbox)
    dashboard
    memory
    stack
    thanos
    ;
  cfg = config.services.signalbox.prometheus;
  address = "${cfg.listenAddress}:${toString cfg.port}";
  data = "/var/lib/${config.services.prometheus.stateDir}/data";

  # A machine's file differs from stack/'s in what Prometheus has from its file alone, whatever the command line says: how long samples are
  # kept, and with which other stores they are exchanged.
  configuration =
    lib.foldlAttrs (
      text: key: value:
      ours.withValue "prometheus/prometheus.yml" "      ${key}" value text
    ) (builtins.readFile ../../stack/prometheus/prometheus.yml) cfg.retention
    + lib.concatMapStrings (file: "\n${file.text}") (lib.filter isExchange optional);

  # What only some deployments have: a file of stack/ by its name, or one of the deployment's.
  shippedOptional = ../../stack/prometheus/optional;
  optional = map (
    file:
    if lib.isString file && !lib.hasPrefix "/" file then
      {
        name = "${file}.yml";
        text = builtins.readFile (shippedOptional + "/${file}.yml");
      }
    else
      {
        # without the hash of a file that Nix has written
        name = lib.last (
          builtins.match "([0-9a-z]{32}-)?(.+)" (baseNameOf (builtins.unsafeDiscardStringContext file))
        );
        text = builtins.readFile file;
      }
  ) cfg.optional;
  # keys of the main file; the others are scrape jobs
  isExchange =
    file:
    lib.elem file.name [
      "remote-read.yml"
      "remote-write.yml"
    ];
  # Without comments: where there is an address to be filled in, and the files that are named.
  said =
    file:
    lib.concatLines (
      lib.filter (line: !lib.hasPrefix "#" (lib.trim line)) (lib.splitString "\n" file.text)
    );
  namedIn =
    folder: file:
    lib.unique (
      lib.concatLists (lib.filter lib.isList (builtins.split "${folder}/([A-Za-z0-9._-]+)" (said file)))
    );

  # Prometheus and the sidecar agree by this file on which blocks may be compacted. Without it, Prometheus compacts at once.
  shipped = "${data}/thanos.shipper.json";

  targets = lib.types.listOf (
    lib.types.submodule {
      options = {
        targets = lib.mkOption {
          # a URL is what an exporter is asked about, in some of the optional jobs
          type = lib.types.listOf (
            lib.types.either ours.addressAndPort (lib.types.strMatching "https?://.+")
          );
          example = [ "10.0.0.11:8889" ];
          description = "Addresses and ports to scrape, or URLs to probe.";
        };
        labels = lib.mkOption {
          type = lib.types.attrsOf lib.types.str;
          default = { };
          example.environment = "prod";
          description = "Labels of all series from there.";
        };
      };
    }
  );

  ruleFiles = lib.attrNames (builtins.readDir ../../stack/prometheus/rules);
  inFolder =
    folder: files:
    lib.mapAttrs' (name: content: lib.nameValuePair "prometheus/${folder}/${name}" content) files;
  files =
    inFolder "rules" (
      lib.genAttrs ruleFiles (file: {
        source = "${stack}/share/signalbox/stack/prometheus/rules/${file}";
      })
      // lib.optionalAttrs (cfg.objectives != null) { "objectives.yml".source = cfg.objectives; }
    )
    // inFolder "rules.d" (
      lib.mapAttrs' (
        name: rules: lib.nameValuePair "${name}.yml" { text = builtins.toJSON rules; }
      ) cfg.rules
    )
    // inFolder "targets" (
      lib.mapAttrs' (
        job: groups:
        lib.nameValuePair "${job}.json" {
          # a group on each line, for people
          text = "[\n${lib.concatMapStringsSep ",\n" builtins.toJSON groups}\n]\n";
        }
      ) cfg.targets
    )
    // inFolder "scrape.d" (
      lib.listToAttrs (
        map (file: lib.nameValuePair file.name { inherit (file) text; }) (
          lib.filter (file: !isExchange file) optional
        )
      )
      // lib.mapAttrs' (
        job: settings:
        lib.nameValuePair "${job}.yml" {
          text = builtins.toJSON {
            scrape_configs = [
              (
                settings
                // {
                  job_name = job;
                  file_sd_configs = [
                    {
                      files = [ "../targets/${job}.json" ];
                      refresh_interval = "30s";
                    }
                  ];
                }
              )
            ];
          };
        }
      ) cfg.jobs
    );

  secrets = inFolder "secrets" (
    lib.mapAttrs (name: _: { source = "/run/credentials/prometheus.service/${name}"; }) cfg.secrets
  );

  environment = lib.mapAttrs' (
    label: lib.nameValuePair "SIGNALBOX_${lib.toUpper label}"
  ) cfg.externalLabels;

  # /etc/prometheus as it will be, for promtool to look at
  folder = pkgs.linkFarm "etc-prometheus" (
    lib.mapAttrs' (
      path: _:
      lib.nameValuePair (lib.removePrefix "prometheus/" path) config.environment.etc.${path}.source
    ) (files // { "prometheus/prometheus.yaml" = { }; })
    # they are the machine's
    // lib.mapAttrs' (name: _: lib.nameValuePair "secrets/${name}" pkgs.emptyFile) cfg.secrets
  );
in
{
  options.services.signalbox.prometheus = {
    enable = lib.mkEnableOption "Prometheus with the configuration and rules of Signalbox";

    package = lib.mkPackageOption pkgs [ "signalbox" "prometheus" ] { };

    listenAddress = lib.mkOption {
      type = lib.types.str;
      default = "127.0.0.1";
      example = "10.0.0.10";
      description = "The address that it listens on.";
    };

    port = lib.mkOption {
      type = lib.types.port;
      default = 9090;
      example = 19090;
      description = "The port that it listens on.";
    };

    externalLabels =
      lib.genAttrs
        [
          "cluster"
          "region"
          "replica"
        ]
        (
          label:
          lib.mkOption {
            type = lib.types.str;
            default = "";
            example =
              {
                cluster = "acme";
                region = "eu-central";
                replica = "a";
              }
              .${label};
            description = "The external label `${label}`. The two boxes of a pair differ in `replica` alone.";
          }
        );

    targets = lib.mkOption {
      type = lib.types.attrsOf targets;
      default = { };
      example.prometheus = [
        {
          targets = [ "127.0.0.1:9090" ];
          labels = {
            box = "a";
            instance = "a:9090";
          };
        }
      ];
      description = "Whom to scrape, by job: the target files of `stack/prometheus/prometheus.yml` and of `jobs`.";
    };

    jobs = lib.mkOption {
      type = lib.types.attrsOf (pkgs.formats.json { }).type;
      default = { };
      example.node.scrape_interval = "30s";
      description = "Further scrape jobs, in the words of Prometheus; each finds its targets in `targets.<name>`.";
    };

    optional = lib.mkOption {
      type = lib.types.listOf (
        lib.types.either (lib.types.enum (map (lib.removeSuffix ".yml") (lib.attrNames (builtins.readDir shippedOptional)))) lib.types.path
      );
      default = [ ];
      example = lib.literalExpression ''[ "kubernetes-pods" ./remote-write.yml ]'';
      description = ''
        What only some deployments have: files of `stack/prometheus/optional` by name, or copies of them in which addresses are filled in. Each
        says what it needs: targets in `targets`, secrets in `secrets`.'';
    };

    secrets = lib.mkOption {
      type = lib.types.attrsOf ours.secretFile;
      default = { };
      example.kubeconfig = "/run/secrets/kubeconfig";
      description = "Files on the machine with what Prometheus shows to others, by the name under which `optional` and `jobs` find them in `secrets/`.";
    };

    rules = lib.mkOption {
      type = lib.types.attrsOf (pkgs.formats.json { }).type;
      default = { };
      example.batch.groups = [
        {
          name = "batch";
          rules = [
            {
              alert = "BatchLate";
              expr = "time() - batch_last_success_timestamp_seconds > 86400";
              labels.severity = "warning";
            }
          ];
        }
      ];
      description = "Further rules, by file, in the words of Prometheus: the folder `rules.d`.";
    };

    retention = {
      time = lib.mkOption {
        type = lib.types.nullOr (lib.types.strMatching "[1-9][0-9]*[dwy]");
        default = if thanos.enable then "7d" else null;
        defaultText = lib.literalExpression ''if config.services.signalbox.thanos.enable then "7d" else null'';
        example = "30d";
        description = ''
          How long samples are kept on this machine; null is what `stack/prometheus/prometheus.yml` says. With Thanos they are in the object
          store as well, and this is how long an outage of it may last.'';
      };
      size = lib.mkOption {
        type = lib.types.nullOr (lib.types.strMatching "[1-9][0-9]*[MGT]B");
        default = if thanos.enable then "50GB" else null;
        defaultText = lib.literalExpression ''if config.services.signalbox.thanos.enable then "50GB" else null'';
        example = "200GB";
        description = "How much room they may take, likewise. Whichever is reached first counts.";
      };
    };

    objectives = lib.mkOption {
      type = lib.types.nullOr lib.types.path;
      default = null;
      example = lib.literalExpression "./objectives.yml";
      description = "A file of objectives (SLO targets) in place of `stack/prometheus/rules/objectives.yml`.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions =
      lib.mapAttrsToList (label: value: {
        assertion = value != "";
        message = ''
          services.signalbox.prometheus.externalLabels.${label} is empty, so the label would be missing, and blocks of two boxes could not be
          told apart. Set it, for example to "${
            if label == "replica" then "a" else "acme"
          }"; services.signalbox.appliance does it for you.'';
      }) cfg.externalLabels
      ++ lib.concatMap (
        file:
        [
          {
            assertion = !lib.hasInfix "example.com" (said file);
            message = ''
              services.signalbox.prometheus.optional: ${file.name} has an address to be filled in. Copy it from stack/prometheus/optional beside
              the deployment, put the address there, and name the copy: ./${file.name}.'';
          }
        ]
        ++ map (name: {
          assertion = cfg.secrets ? ${name};
          message = ''
            services.signalbox.prometheus.optional: ${file.name} needs a secret. Name the file on the machine that holds it:
            services.signalbox.prometheus.secrets."${name}" = "/run/secrets/${name}".'';
        }) (namedIn "secrets" file)
        ++ map (
          target:
          let
            job = lib.removeSuffix ".json" target;
          in
          {
            assertion = cfg.targets ? ${job};
            message = ''
              services.signalbox.prometheus.optional: ${file.name} scrapes nobody. Say whom:
              services.signalbox.prometheus.targets.${job} = [ { targets = [ "10.0.0.30:9187" ]; } ].'';
          }
        ) (namedIn "targets" file)
      ) optional;

    # promtool, which runbooks and the doctor name
    environment.systemPackages = [ cfg.package ];

    services.prometheus = {
      enable = true;
      inherit (cfg) package listenAddress port;
      configText = configuration;
      # reloads at a switch, and fails the switch when the new configuration does not load
      enableReload = true;
      webExternalUrl = "http://${address}/";
      extraFlags = [
        # no web page of another origin may read the API
        "--web.cors.origin=none"
        "--enable-feature=exemplar-storage"
        # a query that needs more fails, and not Prometheus
        "--query.max-samples=${toString memory.limits.prometheus-query-samples}"
      ]
      ++ lib.optional thanos.enable "--storage.tsdb.delay-compact-file.path=${shipped}";
      # not what Prometheus reads (that is configText), but where nixpkgs' module of the sidecar looks
      globalConfig.external_labels = cfg.externalLabels;
    };

    environment.etc = files // secrets;

    system.checks = [
      (pkgs.runCommand "signalbox-prometheus-check"
        (
          environment
          // {
            nativeBuildInputs = [ cfg.package.cli ];
          }
        )
        ''
          promtool check config ${folder}/prometheus.yaml >$out
        ''
      )
    ];

    services.signalbox.prometheus.rules = lib.mkIf (dashboard.url != null) {
      dashboard.groups = [
        {
          name = "dashboard";
          rules = [
            {
              record = "signalbox_dashboard_info";
              expr = "vector(1)";
              labels = { inherit (dashboard) url; };
            }
          ];
        }
      ];
    };

    systemd.services.prometheus = {
      inherit (ours.online) wants after;
      inherit environment;
      startLimitIntervalSec = 0;
      preStart = lib.mkIf thanos.enable ''
        mkdir --parents ${data}
        if [ ! -e ${shipped} ]; then
          printf '{"version":1,"uploaded":[]}\n' >${shipped}
        fi
      '';
      serviceConfig = {
        LoadCredential = lib.mapAttrsToList (name: file: "${name}:${file}") cfg.secrets;
        ProtectSystem = lib.mkForce "strict";
        RestartSec = 5;
        TimeoutStopSec = 120; # it writes out what it holds
        UMask = "0077";
      };
    };
    systemd.services.prometheus-config-reload = {
      # nixpkgs' module sees the main file change, and these are read with it; target files are watched
      restartTriggers = lib.mapAttrsToList (_: file: file.text or file.source) (
        lib.filterAttrs (path: _: !lib.hasPrefix "prometheus/targets/" path) files
      );
      # it asks systemd for a reload, as root
      serviceConfig = ours.hardening // {
        PrivateNetwork = true;
        PrivateUsers = false;
        RestrictAddressFamilies = [ "AF_UNIX" ];
      };
    };

    services.signalbox.listeners.Prometheus = address;
  };
}
