{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  cfg = config.services.signalbox.loadGen;
in
{
  options.services.signalbox.loadGen = {
    package = lib.mkPackageOption pkgs [ "signalbox" "load-gen" ] { };

    environments = lib.mkOption {
      type = lib.types.attrsOf (
        lib.types.submodule (
          { name, ... }:
          {
            freeformType = ours.toml.type;
            options = {
              target = lib.mkOption {
                type = lib.types.listOf lib.types.str;
                example = [ "http://10.0.0.11:8080" ];
                description = "Whom to send requests to.";
              };
              environment = lib.mkOption {
                type = lib.types.str;
                default = name;
                defaultText = lib.literalExpression "‹name›";
                example = "prod";
                description = "Whose pattern of load is sent; prod, dev and qa are known.";
              };
            };
          }
        )
      );
      default = { };
      example.prod = {
        target = [ "http://10.0.0.11:8080" ];
        rate = 50;
      };
      description = ''
        Load generators, one for each environment: the settings of each. Every key of its configuration file is allowed;
        `signalbox-load-gen check-config` lists them with their defaults, and checks these at build time.'';
    };
  };

  config = lib.mkIf (cfg.environments != { }) {
    environment.etc = lib.mapAttrs' (
      name: settings:
      lib.nameValuePair "signalbox/load-gen-${name}.toml" {
        source = ours.checkedSettings {
          inherit (cfg) package;
          inherit settings;
        };
      }
    ) cfg.environments;

    systemd.packages = [ (ours.unitFile "signalbox-load-gen@.service") ];
    systemd.services = lib.mapAttrs' (
      name: _:
      lib.nameValuePair "signalbox-load-gen@${name}" (
        ours.service {
          inherit (cfg) package;
          files = [ "/etc/signalbox/load-gen-${name}.toml" ];
          restart = [ config.environment.etc."signalbox/load-gen-${name}.toml".source ];
        }
        // {
          overrideStrategy = "asDropin";
        }
      )
    ) cfg.environments;
  };
}
