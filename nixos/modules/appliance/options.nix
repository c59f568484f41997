{ config, lib, ... }:
let
  cfg = config.services.signalbox.appliance;

  address =
    what:
    lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "10.20.0.10";
      description = "The address under which the other machines reach ${what}.";
    };

  box = {
    options.address = address "the box";
  };

  dataPlane =
    { name, config, ... }:
    {
      options = {
        address = address "the data plane";

        environment = lib.mkOption {
          type = lib.types.str;
          default = name;
          defaultText = lib.literalExpression "‹name›";
          description = "The label `environment` of all that it sends.";
        };

        id = lib.mkOption {
          type = lib.types.str;
          default = "dp-${config.environment}-01";
          defaultText = lib.literalExpression ''"dp-''${environment}-01"'';
          description = "The label `data_plane_id` of all that it sends.";
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
          description = "What people call it.";
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
      description = "The control plane: one box, or two that share nothing and stand in for each other.";
    };

    dataPlanes = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule dataPlane);
      default = { };
      example.prod.address = "10.20.0.11";
      description = "Where the customer's services run, a machine for each environment: a collector takes their OTLP.";
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
        type = lib.types.ints.between 8 30;
        default = 24;
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

    roles = {
      controlPlane.enable = lib.mkOption {
        type = lib.types.bool;
        default = cfg.boxes ? ${cfg.host};
        defaultText = lib.literalMD "whether `host` is one of `boxes`";
        description = "Whether this machine scrapes, stores, alerts and shows.";
      };
      dataPlane.enable = lib.mkOption {
        type = lib.types.bool;
        default = cfg.dataPlanes ? ${cfg.host};
        defaultText = lib.literalMD "whether `host` is one of `dataPlanes`";
        description = "Whether this machine takes the metrics of a data plane.";
      };
    };
  };
}
