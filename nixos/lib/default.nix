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

  toml = pkgs.formats.toml { };

  # Settings as the file that the service reads, after the service itself has found nothing wrong with them.
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
      ${program} ${toString arguments} check-config
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

  # What NixOS adds to such a unit: which program, which files, when to start. All else is the unit file's.
  service =
    {
      package,
      files,
      changes,
    }:
    {
      wantedBy = [ "multi-user.target" ];
      enableDefaultPath = false;
      restartTriggers = changes;
      serviceConfig.ExecStart = [
        ""
        "${lib.getExe package} ${lib.concatMapStringsSep " " (file: "--config ${file}") files}"
      ];
    };
}
