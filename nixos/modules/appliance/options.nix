{ config, lib, ... }:
let
  inherit (import ../../lib { inherit lib; }) ipAddress isV6;
  cfg = config.services.signalbox.appliance;

  address =
    what:
    lib.mkOption {
      type = lib.types.nullOr ipAddress;
      default = null;
      example = "10.20.0.10";
      description = "The address under which the other machines reach ${what}.";
    };

  classes = lib.importJSON ../../../stack/memory.json;
  thousands =
    number:
    if number < 1000000 then
      "${toString (number / 1000)},000"
    else
      "${toString (number / 1000000)} million";

  # what stands in labels, and in the names of units and files
  label = lib.types.strMatching "[A-Za-z0-9][A-Za-z0-9._-]*";

  box = {
    options.address = address "the box";
  };

  dataPlane =
    { name, config, ... }:
    {
      options = {
        address = address "the data plane";

        environment = lib.mkOption {
          type = label;
          default = name;
          defaultText = lib.literalExpression "‹name›";
          example = "prod";
          description = "The label `environment` of all that it sends.";
        };

        id = lib.mkOption {
          type = label;
          default = "dp-${config.environment}-01";
          defaultText = lib.literalExpression ''"dp-''${environment}-01"'';
          example = "dp-prod-02";
          description = "The label `data_plane_id` of all that it sends. Each data plane has one of its own.";
        };

        displayName = lib.mkOption {
          type = lib.types.str;
          default =
            {
              prod = "production";
              dev = "development";
              qa = "quality-assurance";
            }
            .${config.environment} or config.environment;
          defaultText = lib.literalMD "`production`, `development`, `quality-assurance`, or the environment";
          example = "production, east";
          description = "What people call it.";
        };

        memory = lib.mkOption {
          type = lib.types.nullOr lib.types.ints.positive;
          default = null;
          example = 2048;
          description = ''
            The memory of the machine, in MiB. With it, the evaluation tells when the collector's budget
            (`services.signalbox.collector.settings.limits.memory_bytes`) is more than the machine has for it.'';
        };

        demo = lib.mkEnableOption "a demo service and its load beside the collector";
      };
    };
in
{
  options.services.signalbox.appliance = {
    enable = lib.mkEnableOption "this machine's part in a deployment of Signalbox";

    customer = lib.mkOption {
      type = lib.types.str;
      example = "acme";
      description = "Whose deployment it is; the label `cluster` of everything.";
    };

    region = lib.mkOption {
      type = lib.types.str;
      example = "eu-central";
      description = "Where it stands; the label `region` of everything.";
    };

    host = lib.mkOption {
      type = lib.types.str;
      example = "a";
      description = "Which machine of the deployment this one is: the name of a box or of a data plane.";
    };

    boxes = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule box);
      default = { };
      example.a.address = "10.20.0.10";
      description = "The control plane, by name: one box, or two that share nothing and stand in for each other.";
    };

    memory = lib.mkOption {
      type = lib.types.enum (lib.attrNames classes);
      default = "4GB";
      example = "8GB";
      description = ''
        The memory of each box. It is shared out among the parts of the control plane: what a part may take at most, how large the caches of
        Thanos are, and how much one query may touch. There is room for ${
          lib.concatStringsSep ", " (
            lib.mapAttrsToList (class: budget: "${thousands budget.series} series in ${class}") classes
          )
        }.'';
    };

    disk = lib.mkOption {
      type = lib.types.ints.positive;
      default = 128;
      example = 512;
      description = "The disk of each box, in GB: that of its image, which what Prometheus and the object store keep has to fit on.";
    };

    dataPlanes = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule dataPlane);
      default = { };
      example.prod.address = "10.20.0.11";
      description = ''
        Where the customer's services run, by name: machines with a collector, which takes their OTLP. An environment may have several. A data
        plane that has the name and the address of a box is on that box.'';
    };

    order = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = lib.attrNames cfg.dataPlanes;
      defaultText = lib.literalMD "by name";
      example = [
        "prod"
        "dev"
      ];
      description = "The data planes in the order in which the dashboard shows them.";
    };

    network = {
      gateway = lib.mkOption {
        type = lib.types.nullOr lib.types.str;
        default = null;
        example = "10.20.0.1";
        description = ''
          The way out of the machines' network. With it, a machine takes the address that it has in this deployment; without it, it asks by
          DHCP, where that address must be reserved for it.'';
      };
      prefixLength = lib.mkOption {
        type = lib.types.ints.between 8 126;
        default =
          if
            lib.any (machine: machine.address != null && isV6 machine.address) (
              lib.attrValues cfg.boxes ++ lib.attrValues cfg.dataPlanes
            )
          then
            64
          else
            24;
        defaultText = lib.literalMD "24, and 64 with IPv6";
        example = 16;
        description = "How many bits of an address are those of the network.";
      };
      interface = lib.mkOption {
        type = lib.types.str;
        default = "en* eth*";
        example = "ens3";
        description = "The network interface, by its name.";
      };
    };

    operatorKeys = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "ssh-ed25519 AAAA… operator@example.org" ];
      description = "SSH keys of who may log in, as `operator`. Nobody logs in with a password.";
    };

    objectives = lib.mkOption {
      type = lib.types.attrsOf (
        lib.types.attrsOf (
          lib.types.submodule {
            options = {
              ratio = lib.mkOption {
                type = lib.types.attrsOf (lib.types.numbers.between 0 1);
                default = { };
                example.http-availability = 0.999;
                description = "Shares of what is good, at least. `http-availability` is that of the requests that are not answered with a 5xx.";
              };
              seconds = lib.mkOption {
                type = lib.types.attrsOf lib.types.numbers.positive;
                default = { };
                example.http-latency-p95 = 0.5;
                description = "Durations, at most. `http-latency-p95` is the 95th percentile of those of the requests.";
              };
            };
          }
        )
      );
      default = { };
      example.prod.shop = {
        ratio.http-availability = 0.999;
        seconds.http-latency-p95 = 0.5;
      };
      description = ''
        The objectives (SLO targets), by environment and service. A service without any has no alerts, and an environment in which there is one
        must have a data plane.'';
    };

    roles = {
      controlPlane.enable = lib.mkOption {
        type = lib.types.bool;
        default = cfg.boxes ? ${cfg.host};
        defaultText = lib.literalMD "whether `host` is one of `boxes`";
        example = false;
        description = "Whether this machine scrapes, stores, alerts and shows.";
      };
      dataPlane.enable = lib.mkOption {
        type = lib.types.bool;
        default = cfg.dataPlanes ? ${cfg.host};
        defaultText = lib.literalMD "whether `host` is one of `dataPlanes`";
        example = false;
        description = "Whether this machine takes the metrics of a data plane.";
      };
    };
  };
}
