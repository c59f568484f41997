# The reference of all options of ours, in Markdown. Written by evaluation alone, so that docs/options.md can be compared without building.
{ lib, pkgs }:
let
  evaluated = lib.evalModules {
    class = "nixos";
    modules = [
      ../modules
      {
        # the modules configure NixOS, which is not there: only what they declare is looked at
        _module.check = false;
        _module.args = { inherit pkgs; };
      }
    ];
  };
  options = lib.filter (
    option: option.visible && !option.internal && lib.hasPrefix "services.signalbox." option.name
  ) (lib.optionAttrSetToDocList evaluated.options);

  shown =
    label: value:
    lib.optionalString (value != null) (
      if value._type or "" == "literalMD" then
        "\n${label}: ${value.text}\n"
      else if lib.hasInfix "\n" value.text then
        "\n${label}:\n\n```nix\n${value.text}\n```\n"
      else
        "\n${label}: `${value.text}`\n"
    );

  section = option: ''
    ## ${option.name}

    ${lib.trim (option.description.text or option.description)}

    Type: ${option.type}${lib.optionalString option.readOnly " (read only)"}
    ${shown "Default" (option.default or null)}${shown "Example" (option.example or null)}'';
in
pkgs.writeTextFile {
  name = "options.md";
  meta.description = "Reference of the options of the NixOS modules";
  text = ''
    # Options of the NixOS modules

    Made of the modules by `nixos/check --update`.

    ${lib.concatMapStringsSep "\n" section (lib.sort (a: b: a.name < b.name) options)}'';
}
