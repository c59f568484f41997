# What the modules share: types, and the pieces that the units of all our services are made of.
{
  lib,
  pkgs ? null,
}:
rec {
  addressAndPort = lib.mkOptionType {
    name = "addressAndPort";
    description = "an address and a port, such as 127.0.0.1:4317";
    descriptionClass = "noun";
    check = text: lib.isString text && builtins.match ".+:[0-9]{1,5}" text != null;
    merge = lib.mergeEqualOption;
  };

  ipAddress = lib.mkOptionType {
    name = "ipAddress";
    description = "an IPv4 or IPv6 address, such as 10.20.0.10 or fd20::10";
    descriptionClass = "noun";
    check =
      let
        octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
        isV4 = text: builtins.match "(${octet}\\.){3}${octet}" text != null;
      in
      text:
      lib.isString text
      && (isV4 text || isV6 text && (builtins.tryEval (lib.network.ipv6.fromString text)).success);
    merge = lib.mergeEqualOption;
  };

  isV6 = lib.hasInfix ":";

  # An address as it stands before a port.
  host = address: if isV6 address then "[${address}]" else address;

  splitAddress =
    text:
    let
      parts = builtins.match "(.+):([0-9]+)" text;
    in
    {
      address = lib.elemAt parts 0;
      port = lib.toIntBase10 (lib.elemAt parts 1);
    };

  # A Nix path would be copied into the store, where everybody can read it.
  secretFile = lib.mkOptionType {
    name = "secretFile";
    description =
      "the path of a secret on the machine, as text, such as \"/run/secrets/webhook-url\""
      + " (not a file of this repository and nothing in /nix/store: everybody can read what is there)";
    descriptionClass = "noun";
    check = path: lib.isString path && lib.hasPrefix "/" path && !lib.hasPrefix builtins.storeDir path;
    merge = lib.mergeEqualOption;
  };

  hardening = import ./hardening.nix;

  # For what listens on an address of the network: that is not there any earlier.
  online = {
    wants = [ "network-online.target" ];
    after = [ "network-online.target" ];
  };

  # A file of stack/ in which one key, named with its indentation, has another value: for what a program has from its file alone.
  withValue =
    file: key: value: text:
    let
      around = builtins.split "\n${key}: [^\n]*" text;
    in
    if value == null then
      text
    else if lib.length around != 3 then
      throw "stack/${file} does not say once what ${lib.trim key} is"
    else
      "${lib.head around}\n${key}: ${value}${lib.last around}";

  toml = pkgs.formats.toml { };

  # Settings as the file that the service reads, after the service itself has found nothing wrong with them. The files and variables that they
  # name are the machine's, and not there yet.
  checkedSettings =
    {
      package,
      settings,
      defaults ? [ ],
    }:
    let
      program = lib.getExe package;
      file = toml.generate "settings.toml" settings;
      arguments = map (path: "--config ${path}") (defaults ++ [ file ]);
    in
    pkgs.runCommand "${baseNameOf program}.toml" { inherit file; } ''
      ${program} ${toString arguments} check-config --elsewhere
      cp $file $out
    '';

  # One of the unit files in systemd/, for systemd.packages.
  unitFile =
    name:
    let
      file = builtins.path {
        path = ../../systemd + "/${name}";
        name = lib.strings.sanitizeDerivationName name;
      };
    in
    pkgs.runCommand "unit" { } ''
      install -D --mode=444 ${file} "$out/lib/systemd/system/${name}"
    '';

  # What NixOS adds to such a unit: which program, which files, when to start, and which changes take a restart or a reload. All else is the
  # unit file's.
  service =
    {
      package,
      files,
      command ? "",
      restart ? [ ],
      reload ? [ ],
    }:
    {
      wantedBy = [ "signalbox.target" ];
      enableDefaultPath = false;
      restartTriggers = restart;
      reloadTriggers = reload;
      serviceConfig = {
        ExecStart = [
          ""
          "${lib.getExe package} ${lib.concatMapStringsSep " " (file: "--config ${file}") files}${
            lib.optionalString (command != "") " ${command}"
          }"
        ];
        ExecReload = lib.mkIf (reload != [ ]) [
          ""
          "${lib.getExe' pkgs.coreutils "kill"} -HUP $MAINPID"
        ];
      };
    };
}
