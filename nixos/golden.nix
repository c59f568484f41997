# What each machine is given, as a tree of texts to be looked at and checked without Nix: its units, its configuration, where it listens.
{ lib }:
self:
let
  # Without the hashes: they change with everything, and say nothing.
  readable =
    text:
    lib.concatMapStrings (part: if lib.isList part then "/nix/store/" else part) (
      builtins.split "/nix/store/[0-9a-z]{32}-" (builtins.unsafeDiscardStringContext text)
    );

  # { "a/b" = text; } as { a = { b = text; }; }
  tree = lib.foldlAttrs (
    all: path: text:
    lib.recursiveUpdate all (lib.setAttrByPath (lib.splitString "/" path) (readable text))
  ) { };

  # A line for each setting, with the whole path as its key: TOML that the services read, however it was generated.
  settings =
    let
      inline =
        value:
        if lib.isAttrs value then
          "{ ${
            lib.concatStringsSep ", " (
              lib.mapAttrsToList (name: value: "${builtins.toJSON name} = ${inline value}") value
            )
          } }"
        else if lib.isList value then
          "[${lib.concatMapStringsSep "," inline value}]"
        else
          builtins.toJSON value;
      lines =
        path: value:
        if lib.isAttrs value then
          lib.concatLists (lib.mapAttrsToList (name: lines (path ++ [ name ])) value)
        else
          [ "${lib.concatStringsSep "." path} = ${inline value}" ];
    in
    value: lib.concatLines (lines [ ] value);

  ours = [
    "alertmanager"
    "garage"
    "minio"
    "prometheus"
    "prometheus-config-reload"
    "prometheus-node-exporter"
    "pushgateway"
  ];
  isOurs =
    name:
    name == "signalbox.target"
    || lib.elem (lib.removeSuffix ".service" name) ours
    || lib.hasPrefix "signalbox-" name
    || lib.hasPrefix "thanos-" name;

  unit =
    name: rendered:
    let
      # signalbox-load-gen@prod.service is an instance of signalbox-load-gen@.service
      instance = builtins.match "([^@]+@)[^.]+(.*)" name;
      file = if instance == null then name else lib.concatStrings instance;
    in
    if builtins.pathExists (../systemd + "/${file}") then
      {
        ${file} = builtins.readFile (../systemd + "/${file}");
        "${name}.d/overrides.conf" = rendered.text;
      }
    else
      { ${name} = rendered.text; };

  shipped = builtins.readFile ../stack/prometheus/prometheus.yml;

  # What a unit runs in a shell, before its program or as its program.
  scripts = name: service: {
    "${name}.sh" = "#!/usr/bin/env bash\nset -e\n${service.preStart}${service.script}";
  };

  etc = path: file: {
    ${path} =
      if file.text != null then
        file.text
      else if lib.hasPrefix "/run/" "${file.source}" then
        "a link to ${file.source}\n"
      else if file.source ? text then
        file.source.text
      else if file.source ? file then
        settings file.source.file.value
      else if file.source ? value then
        settings file.source.value
      else
        null;
  };

  machine =
    { config, ... }:
    let
      inherit (config.services) prometheus;
      units = lib.filterAttrs (name: _: isOurs name) config.systemd.units;
      services = lib.filterAttrs (
        name: service: isOurs name && service.preStart + service.script != ""
      ) config.systemd.services;
      files = lib.filterAttrs (
        path: _:
        path == "garage.toml"
        || lib.any (folder: lib.hasPrefix folder path) [
          "prometheus/"
          "signalbox/"
          "thanos/"
        ]
      ) config.environment.etc;
    in
    {
      units = tree (lib.concatMapAttrs unit units);
      etc = tree (
        lib.filterAttrs (_: text: text != null) (lib.concatMapAttrs etc files)
        # where it is not stack/'s
        // lib.optionalAttrs (prometheus.enable && prometheus.configText != shipped) {
          "prometheus/prometheus.yaml" = prometheus.configText;
        }
      );
      "listeners.txt" = lib.concatLines (
        lib.mapAttrsToList (what: address: "${address}\t${what}") config.services.signalbox.listeners
      );
      "firewall.txt" = ''
        tcp ${toString config.networking.firewall.allowedTCPPorts}
        ${config.networking.firewall.extraInputRules}'';
    }
    # git keeps no empty folders
    // lib.optionalAttrs (services != { }) { scripts = tree (lib.concatMapAttrs scripts services); }
    // lib.optionalAttrs config.services.signalbox.thanos.enable {
      "thanos-objstore.yaml" = settings config.services.signalbox.objectStore.thanosConfig;
    };

  # these have what no customer has yet: two boxes, Garage, the demo service and its load, encryption
  tested = self.checks.x86_64-linux.vm-single-box.nodes;
in
lib.mapAttrs (_: machine) (
  self.nixosConfigurations
  // {
    inherit (self.lib.unusual.pair) pair-a pair-b;
    inherit (self.lib.unusual.secured) secured-prod;
  }
)
// lib.mapAttrs' (
  name: config:
  lib.nameValuePair "vm-${name}" (machine {
    inherit config;
  })
) tested
