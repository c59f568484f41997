# Where the parts of this machine listen. Each module says it here, so that two parts on one port are found before they meet.
{ config, lib, ... }:
let
  inherit (import ../lib { inherit lib; }) addressAndPort splitAddress;
  listeners = lib.mapAttrsToList (
    name: text: { inherit name text; } // splitAddress text
  ) config.services.signalbox.listeners;

  everywhere = [
    "0.0.0.0"
    "[::]"
  ];
  clash =
    a: b:
    a.port == b.port
    && (a.address == b.address || lib.elem a.address everywhere || lib.elem b.address everywhere);
  clashes = lib.concatMap (
    a: map (b: { inherit a b; }) (lib.filter (b: a.name < b.name && clash a b) listeners)
  ) listeners;
in
{
  options.services.signalbox.listeners = lib.mkOption {
    type = lib.types.attrsOf addressAndPort;
    default = { };
    example.dashboard = "10.0.0.10:3000";
    description = "Every address and port that Signalbox listens on, by what is served there. Filled in by the parts that are enabled.";
  };

  config.assertions = map (
    { a, b }:
    {
      assertion = false;
      message = ''
        services.signalbox: ${a.name} wants ${a.text} and ${b.name} wants ${b.text}, and only one can have the port.
        Move one of them: the address of each part is an option, services.signalbox.<part>.listenAddress, .port or .settings.listen.'';
    }
  ) clashes;
}
