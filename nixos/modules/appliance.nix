# A deployment as one set of facts: its boxes, its data planes. Every machine of it has the same facts, and is told which of them it is.
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
    collector
    dashboard
    healthAgent
    nodeExporter
    objectStore
    prometheus
    pushgateway
    thanos
    ;
  cfg = config.services.signalbox.appliance;

  # Who is not there, or has no address, is told of by an assertion: until then, what is made of it need not be right.
  nowhere = "0.0.0.0";
  hostOf = machine: if machine.address == null then nowhere else ours.host machine.address;
  box = cfg.boxes.${cfg.host} or { address = null; };
  plane =
    cfg.dataPlanes.${cfg.host} or {
      address = null;
      environment = cfg.host;
      id = cfg.host;
      memory = null;
      demo = false;
    };

  others = lib.removeAttrs cfg.boxes [ cfg.host ];
  alone = others == { };
  machines =
    lib.mapAttrsToList (name: machine: machine // { what = "boxes.${name}"; }) cfg.boxes
    ++ lib.mapAttrsToList (name: machine: machine // { what = "dataPlanes.${name}"; }) (
      lib.filterAttrs (
        name: machine: !(cfg.boxes ? ${name} && cfg.boxes.${name}.address == machine.address)
      ) cfg.dataPlanes
    );
  environments = lib.unique (map (plane: plane.environment) (lib.attrValues cfg.dataPlanes));

  # what only the box itself asks stays on loopback, unless a peer asks too
  shared = if alone then "127.0.0.1" else hostOf box;

  healthPort = (ours.splitAddress healthAgent.settings.listen).port;
  dashboardPort = (ours.splitAddress dashboard.settings.listen).port;

  # A part of the control plane on a box, under names that do not depend on who scrapes.
  onBox = name: address: port: {
    targets = [ "${address}:${toString port}" ];
    labels = {
      box = name;
      instance = "${name}:${toString port}";
    };
  };
  onBoxes =
    addressOf: port: lib.mapAttrsToList (name: machine: onBox name (addressOf machine) port) cfg.boxes;
  inside = onBoxes (machine: if alone then "127.0.0.1" else hostOf machine);
  outside = onBoxes hostOf;

  # Exactly one compacts a bucket: where the boxes share one of an S3 service elsewhere, the first.
  compacts = name: objectStore.backend != "s3" || name == lib.head (lib.attrNames cfg.boxes);
  thanosTargets =
    let
      runsOn =
        part: name:
        thanos.enable
        && (if part == "compact" && name != cfg.host then compacts name else lib.elem part thanos.parts);
    in
    lib.mapAttrs' (
      part: port:
      lib.nameValuePair "thanos-${part}" (lib.filter (group: runsOn part group.labels.box) (inside port))
    ) thanos.httpPorts;

  onPlanes =
    component: port:
    lib.mapAttrsToList (_: machine: {
      targets = [ "${hostOf machine}:${toString port}" ];
      labels = {
        inherit (machine) environment;
        data_plane = machine.displayName;
        data_plane_id = machine.id;
        inherit component;
        instance = "${machine.id}:${toString port}";
      };
    }) cfg.dataPlanes;

  # Rules that let these machines in, and nobody else.
  accept =
    from: protocol: ports:
    let
      addresses = lib.filter (address: address != null) (
        map (machine: machine.address) (lib.attrValues from)
      );
      rule =
        family: sources:
        lib.optionalString (sources != [ ]) ''
          ${family} saddr { ${lib.concatStringsSep ", " sources} } ${protocol} dport { ${
            lib.concatMapStringsSep ", " toString ports
          } } accept
        '';
    in
    rule "ip" (lib.filter (address: !ours.isV6 address) addresses)
    + rule "ip6" (lib.filter ours.isV6 addresses);

  # Constant series, a line for each, in the words of rules/objectives.yml.
  objectives =
    let
      rule = record: environment: service_name: slo: target: {
        inherit record;
        expr = "vector(${builtins.toJSON target})";
        labels = { inherit environment service_name slo; };
      };
      rules = lib.concatLists (
        lib.mapAttrsToList (
          environment: services:
          lib.concatLists (
            lib.mapAttrsToList (
              service: targets:
              lib.mapAttrsToList (rule "signalbox_slo_objective_ratio" environment service) targets.ratio
              ++ lib.mapAttrsToList (rule "signalbox_slo_objective_seconds" environment service) targets.seconds
            ) services
          )
        ) cfg.objectives
      );
    in
    ''
      groups:
        - name: objectives
          rules:
    ''
    + (
      if rules == [ ] then
        "      []\n"
      else
        lib.concatMapStrings (rule: "      - ${builtins.toJSON rule}\n") rules
    );

  # What the health agent asks on its own box.
  healthParts =
    let
      at = address: port: "http://${address}:${toString port}";
    in
    {
      prometheus = at shared prometheus.port;
    }
    // lib.optionalAttrs alertmanager.enable { alertmanager = at shared alertmanager.port; }
    // lib.optionalAttrs pushgateway.enable { pushgateway = at (hostOf box) pushgateway.port; }
    // lib.optionalAttrs nodeExporter.enable { node_exporter = at shared nodeExporter.port; }
    // lib.optionalAttrs dashboard.enable { dashboard = "http://${dashboard.settings.listen}"; }
    // lib.optionalAttrs objectStore.enable {
      object_store = "http${lib.optionalString objectStore.tls "s"}://${objectStore.endpoint}";
    }
    // lib.optionalAttrs thanos.enable (
      lib.mapAttrs' (
        part: port: lib.nameValuePair "thanos_${lib.replaceStrings [ "-" ] [ "_" ] part}" (at shared port)
      ) (lib.filterAttrs (part: _: lib.elem part thanos.parts) thanos.httpPorts)
    );

  option = name: "services.signalbox.appliance.${name}";

  # What is wrong if one of `values` is there twice, with what to do.
  once =
    values: message:
    map (value: {
      assertion = lib.count (other: other == value) values == 1;
      message = message value;
    }) (lib.unique values);

  assertions =
    map (machine: {
      assertion = machine.address != null;
      message = ''
        ${option machine.what} has no address, so no other machine could reach it. Say it:
        ${option machine.what}.address = "10.20.0.11".'';
    }) machines
    ++
      once (lib.filter (address: address != null) (map (machine: machine.address) machines))
        (address: ''
          services.signalbox.appliance: more than one machine has the address ${address}:
          ${
            lib.concatMapStringsSep ", " (machine: machine.what) (
              lib.filter (machine: machine.address == address) machines
            )
          }. Give each its own. A data plane on a box has the name of that box as well.'')
    ++ once (lib.mapAttrsToList (_: plane: plane.id) cfg.dataPlanes) (id: ''
      services.signalbox.appliance: more than one data plane is called "${id}", so their series could not be told apart. Name them, for example:
      ${option "dataPlanes.‹name›.id"} = "${id}-east".'')
    ++ map (name: {
      assertion = builtins.match "[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?" name != null;
      message = ''
        services.signalbox.appliance: "${name}" cannot be the name of a machine. Use small letters, digits and dashes, such as "prod-east"; what
        people read is ${option "dataPlanes.‹name›.displayName"}.'';
    }) (lib.attrNames (cfg.boxes // cfg.dataPlanes))
    ++ map (name: {
      assertion =
        !(cfg.dataPlanes ? ${name}) || cfg.dataPlanes.${name}.address == cfg.boxes.${name}.address;
      message = ''
        services.signalbox.appliance: "${name}" is both a box and a data plane, on two addresses. Rename one of them, or give them one address if
        they are one machine.'';
    }) (lib.attrNames cfg.boxes)
    ++ map (name: {
      assertion = cfg.dataPlanes ? ${name};
      message = ''
        ${option "order"} names "${name}", which is no data plane. There are:
        ${lib.concatStringsSep ", " (lib.attrNames cfg.dataPlanes)}.'';
    }) cfg.order
    ++ map (environment: {
      assertion = lib.elem environment environments;
      message = ''
        ${option "objectives"} has some for "${environment}", and no data plane has that environment: it would be missed for ever. Take them out,
        or say where its data plane is: ${option "dataPlanes.${environment}.address"} = "10.20.0.11".'';
    }) (lib.attrNames cfg.objectives)
    ++ [
      {
        assertion = cfg.boxes ? ${cfg.host} || cfg.dataPlanes ? ${cfg.host};
        message = ''
          ${option "host"} is "${cfg.host}", which is no machine of this deployment. There are:
          ${lib.concatStringsSep ", " (lib.attrNames (cfg.boxes // cfg.dataPlanes))}.'';
      }
      {
        assertion = cfg.roles.controlPlane.enable -> cfg.boxes ? ${cfg.host};
        message = ''
          ${option "roles.controlPlane.enable"} is on, but "${cfg.host}" is no box. Make it one:
          ${option "boxes.${cfg.host}.address"} = "10.20.0.10".'';
      }
      {
        assertion = cfg.roles.dataPlane.enable -> cfg.dataPlanes ? ${cfg.host};
        message = ''
          ${option "roles.dataPlane.enable"} is on, but "${cfg.host}" is no data plane. Make it one:
          ${option "dataPlanes.${cfg.host}.address"} = "10.20.0.11".'';
      }
    ];

  # GB
  size =
    text:
    let
      found = builtins.match "([0-9]+)([MGT])B" text;
    in
    lib.toIntBase10 (lib.elemAt found 0)
    * {
      M = 0.001;
      G = 1;
      T = 1000;
    }
    .${lib.elemAt found 1};
  assertionsOnBox = [
    {
      assertion = prometheus.retention.size == null || size prometheus.retention.size * 2 <= cfg.disk;
      message = ''
        services.signalbox.prometheus.retention.size is ${toString prometheus.retention.size}, and ${option "disk"} is ${toString cfg.disk} GB, of which what
        Prometheus keeps may be half: the system and the object store need the rest. Give it ${toString (cfg.disk / 2)}GB at most, or the box more.'';
    }
  ];

  mebibyte = 1024 * 1024;
  # what the system needs beside the collector
  system = 256;
  needed = collector.memoryMax / mebibyte + system;
  assertionsOnPlane = [
    {
      assertion = plane.memory == null || needed <= plane.memory;
      message = ''
        ${option "dataPlanes.${cfg.host}.memory"} is ${toString plane.memory} MiB, and with
        services.signalbox.collector.settings.limits.memory_bytes = ${toString collector.settings.limits.memory_bytes} the machine needs ${toString needed}: one and a half times
        that for the collector, and ${toString system} for the system. Give the collector ${
          toString (lib.max 1 ((plane.memory - system) * 2 / 3))
        } MiB at most, or the machine more.'';
    }
    {
      assertion = !(collector.settings.tls.data or false);
      message = ''
        services.signalbox.collector.settings.tls.data encrypts what the boxes scrape, and they ask for it in plain text. Leave it out: OTLP is
        encrypted without it, and the firewall lets nobody but the boxes read what was collected.'';
    }
    {
      assertion =
        !plane.demo
        || collector.settings.tls.cert_file == null && collector.settings.auth.bearer_token_file == null;
      message = ''
        ${option "dataPlanes.${cfg.host}.demo"} sends in plain text and without a token, and the collector beside it takes neither. Leave the demo
        out, or services.signalbox.collector.settings.tls and auth.'';
    }
  ];
in
{
  imports = [ ./appliance/options.nix ];

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        inherit assertions;
        # rules that name who may come in
        networking.nftables.enable = true;
      }

      (lib.mkIf cfg.roles.controlPlane.enable {
        assertions = assertionsOnBox;

        services.signalbox = {
          prometheus = {
            enable = true;
            listenAddress = shared;
            externalLabels = {
              cluster = cfg.customer;
              inherit (cfg) region;
              replica = cfg.host;
            };
            objectives = lib.mkDefault (pkgs.writeText "objectives.yml" objectives);
            # a job of stack/prometheus/prometheus.yml has its file even where there is nobody to scrape
            targets = {
              dataplanes = onPlanes "data-plane" 8889;
              otel-collectors = onPlanes "otel-collector" 8888;
              prometheus = inside prometheus.port;
              alertmanager = lib.optionals alertmanager.enable (inside alertmanager.port);
              alertmanagers = lib.optionals alertmanager.enable (
                map (group: { inherit (group) targets; }) (inside alertmanager.port)
              );
              dashboard = lib.optionals dashboard.enable (outside dashboardPort);
              health = lib.optionals healthAgent.enable (inside healthPort);
              node = lib.optionals nodeExporter.enable (inside nodeExporter.port);
              pushgateway = lib.optionals pushgateway.enable (
                # in place of box: what was pushed to both differs in this label alone, and queries take it away
                map (
                  group:
                  group
                  // {
                    labels = lib.removeAttrs group.labels [ "box" ] // {
                      pushgateway = group.labels.box;
                    };
                  }
                ) (outside pushgateway.port)
              );
              # this box's alone: it listens on loopback
              object-store = lib.optionals (objectStore.enable && objectStore.metrics.address != null) (
                let
                  inherit (ours.splitAddress objectStore.metrics.address) address port;
                  group = onBox cfg.host address port;
                in
                [
                  (
                    group
                    // {
                      labels = group.labels // {
                        __metrics_path__ = objectStore.metrics.path;
                      };
                    }
                  )
                ]
              );
            }
            // thanosTargets;
          };
          alertmanager = {
            enable = lib.mkDefault true;
            listenAddress = shared;
            peers = map hostOf (lib.attrValues others);
            peerName = "alertmanager-${cfg.host}";
          };
          objectStore.enable = lib.mkDefault thanos.enable;
          thanos = {
            enable = lib.mkDefault true;
            listenAddress = shared;
            compactor = lib.mkDefault (compacts cfg.host);
            stores = lib.concatMap (
              machine: map (port: "${hostOf machine}:${toString port}") thanos.storePorts
            ) (lib.attrValues others);
          };
          pushgateway = {
            enable = lib.mkDefault true;
            # batch jobs push from elsewhere
            listenAddress = hostOf box;
          };
          nodeExporter = {
            enable = lib.mkDefault true;
            listenAddress = shared;
          };
          dashboard = {
            enable = lib.mkDefault true;
            url = lib.mkDefault "http://${hostOf box}:${toString dashboardPort}";
            settings = {
              listen = lib.mkDefault "${hostOf box}:3000";
              upstream = "http://${shared}:${
                toString (if thanos.enable then thanos.httpPorts.query-frontend else prometheus.port)
              }";
              environments = lib.unique (map (name: cfg.dataPlanes.${name}.environment or name) cfg.order);
            };
          };
        };

        services.signalbox.healthAgent = {
          enable = lib.mkDefault true;
          settings = {
            box = cfg.host;
            listen = lib.mkDefault "${shared}:8870";
            parts = healthParts;
            collectors = map (machine: {
              inherit (machine) environment;
              data_plane_id = machine.id;
              otlp = lib.mkDefault "http://${hostOf machine}:4318";
              self_metrics = lib.mkDefault "http://${hostOf machine}:8888";
            }) (lib.attrValues cfg.dataPlanes);
            peer = lib.mkIf (!alone) (
              let
                name = lib.head (lib.attrNames others);
                on = port: "http://${hostOf others.${name}}:${toString port}";
              in
              {
                box = name;
                health = on healthPort;
                prometheus = on prometheus.port;
                alertmanager = on alertmanager.port;
              }
            );
          };
        };

        networking.firewall = {
          allowedTCPPorts =
            lib.optional dashboard.enable dashboardPort ++ lib.optional pushgateway.enable pushgateway.port;
          extraInputRules = lib.concatStrings [
            (accept others "tcp" [
              prometheus.port
              alertmanager.port
              9094
              nodeExporter.port
              healthPort
              "10901-10910"
            ])
            (accept others "udp" [ 9094 ])
          ];
        };
      })

      (lib.mkIf cfg.roles.dataPlane.enable {
        assertions = assertionsOnPlane;

        services.signalbox = {
          collector = {
            enable = true;
            settings = {
              inherit (plane) environment;
              data_plane_id = plane.id;
              listen = {
                grpc = "${hostOf plane}:4317";
                http = "${hostOf plane}:4318";
                data = "${hostOf plane}:8889";
                self_metrics = "${hostOf plane}:8888";
              };
            };
          };
          demoApi = lib.mkIf plane.demo {
            enable = true;
            settings = {
              listen = [ "${hostOf plane}:8080" ];
              inherit (plane) environment;
              data_plane_id = plane.id;
              export.endpoint = "http://${hostOf plane}:4318";
            };
          };
          loadGen.environments = lib.mkIf plane.demo {
            ${plane.environment}.target = [ "http://${hostOf plane}:8080" ];
          };
        };

        networking.firewall = {
          allowedTCPPorts = [
            4317
            4318
          ]
          ++ lib.optional plane.demo 8080;
          # what was collected is the boxes' to read
          extraInputRules = accept cfg.boxes "tcp" [
            8888
            8889
          ];
        };
      })
    ]
  );
}
