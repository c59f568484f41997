{ lib, pkgs, ... }:
{
  options.services.signalbox.stack = lib.mkPackageOption pkgs [ "signalbox" "stack-config" ] {
    extraDescription = "The configuration of the third-party parts: rules, runbooks, the collector's aliases.";
  };
}
