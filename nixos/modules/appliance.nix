# A deployment as one set of facts: its boxes, its data planes. Every machine of it has the same facts, and is told which of them it is.
{ config, lib, ... }:
let
  cfg = config.services.signalbox.appliance;
  box = cfg.boxes.${cfg.host};
  plane = cfg.dataPlanes.${cfg.host};
  others = lib.removeAttrs cfg.boxes [ cfg.host ];
  alone = others == { };
  addresses = machines: map (machine: machine.address) (lib.attrValues machines);

  # what only the box itself asks stays on loopback, unless a peer asks too
  shared = if alone then "127.0.0.1" else box.address;

  # a part of the control plane, on all boxes, under names that do not depend on who scrapes
  onBoxes =
    addressOf: port:
    lib.mapAttrsToList (name: machine: {
      targets = [ "${addressOf machine}:${toString port}" ];
      labels = {
        box = name;
        instance = "${name}:${toString port}";
      };
    }) cfg.boxes;
  inside = onBoxes (machine: if alone then "127.0.0.1" else machine.address);
  outside = onBoxes (machine: machine.address);
  onPlanes =
    component: port:
    lib.mapAttrsToList (_: machine: {
      targets = [ "${machine.address}:${toString port}" ];
      labels = {
        inherit (machine) environment;
        data_plane = machine.displayName;
        data_plane_id = machine.id;
        inherit component;
        instance = "${machine.id}:${toString port}";
      };
    }) cfg.dataPlanes;

  accept =
    sources: protocol: ports:
    lib.optionalString (sources != [ ]) ''
      ip saddr { ${lib.concatStringsSep ", " sources} } ${protocol} dport { ${
        lib.concatMapStringsSep ", " toString ports
      } } accept
    '';
in
{
  imports = [ ./appliance/options.nix ];

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        assertions =
          lib.mapAttrsToList (name: machine: {
            assertion = machine.address != null;
            message = ''
              services.signalbox.appliance.dataPlanes.${name} has no address, so nobody could scrape it. Say where its collector is reached:
              services.signalbox.appliance.dataPlanes.${name}.address = "10.20.0.11".'';
          }) cfg.dataPlanes
          ++ lib.mapAttrsToList (name: machine: {
            assertion = machine.address != null;
            message = ''
              services.signalbox.appliance.boxes.${name} has no address, so neither its users nor its peer could reach it. Say it:
              services.signalbox.appliance.boxes.${name}.address = "10.20.0.10".'';
          }) cfg.boxes
          ++ [
            {
              assertion = cfg.boxes ? ${cfg.host} || cfg.dataPlanes ? ${cfg.host};
              message = ''
                services.signalbox.appliance.host is "${cfg.host}", which is no machine of this deployment. There are:
                ${lib.concatStringsSep ", " (lib.attrNames cfg.boxes ++ lib.attrNames cfg.dataPlanes)}.'';
            }
          ];
        # rules that name who may come in
        networking.nftables.enable = true;
      }

      (lib.mkIf cfg.roles.controlPlane.enable {
        services.signalbox = {
          prometheus = {
            enable = true;
            listenAddress = shared;
            externalLabels = {
              cluster = cfg.customer;
              inherit (cfg) region;
              replica = cfg.host;
            };
            targets = {
              dataplanes = onPlanes "data-plane" 8889;
              otel-collectors = onPlanes "otel-collector" 8888;
              prometheus = inside 9090;
              alertmanager = inside 9093;
              alertmanagers = map (group: { inherit (group) targets; }) (inside 9093);
              dashboard = outside 3000;
              node = inside 9100;
              pushgateway = map (
                group:
                group
                // {
                  labels = group.labels // {
                    pushgateway = group.labels.box;
                  };
                }
              ) (outside 9091);
              thanos = lib.concatMap inside [
                10902
                10903
                10906
                10907
                10908
              ];
            };
          };
          alertmanager = {
            enable = true;
            listenAddress = shared;
            peers = addresses others;
          };
          objectStore.enable = true;
          thanos = {
            enable = true;
            listenAddress = shared;
            stores = lib.concatMap (address: [
              "${address}:10901"
              "${address}:10905"
            ]) (addresses others);
          };
          pushgateway = {
            enable = true;
            # batch jobs push from elsewhere
            listenAddress = box.address;
          };
          nodeExporter = {
            enable = true;
            listenAddress = shared;
          };
          dashboard = {
            enable = true;
            settings = {
              listen = "${box.address}:3000";
              upstream = "http://${shared}:10908";
              environments = map (name: cfg.dataPlanes.${name}.environment) cfg.order;
            };
          };
        };

        networking.firewall = {
          allowedTCPPorts = [
            3000
            9091
          ];
          extraInputRules = lib.concatStrings [
            (accept (addresses others) "tcp" [
              9090
              9093
              9094
              9100
              "10901-10910"
            ])
            (accept (addresses others) "udp" [ 9094 ])
          ];
        };
      })

      (lib.mkIf cfg.roles.dataPlane.enable {
        services.signalbox = {
          collector = {
            enable = true;
            settings = {
              inherit (plane) environment;
              data_plane_id = plane.id;
              listen = {
                grpc = "${plane.address}:4317";
                http = "${plane.address}:4318";
                data = "${plane.address}:8889";
                self_metrics = "${plane.address}:8888";
              };
            };
          };
          demoApi = lib.mkIf plane.demo {
            enable = true;
            settings = {
              listen = [ "${plane.address}:8080" ];
              inherit (plane) environment;
              data_plane_id = plane.id;
              export.endpoint = "http://${plane.address}:4318";
            };
          };
          loadGen.environments = lib.mkIf plane.demo {
            ${plane.environment}.target = [ "http://${plane.address}:8080" ];
          };
        };

        networking.firewall = {
          allowedTCPPorts = [
            4317
            4318
          ]
          ++ lib.optional plane.demo 8080;
          # what was collected is the boxes' to read
          extraInputRules = accept (addresses cfg.boxes) "tcp" [
            8888
            8889
          ];
        };
      })
    ]
  );
}
