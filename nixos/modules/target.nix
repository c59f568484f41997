# signalbox.target: everything of ours on this machine.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  inherit (config.services.signalbox)
    collector
    dashboard
    demoApi
    healthAgent
    loadGen
    ;
in
{
  config =
    lib.mkIf
      (
        collector.enable
        || dashboard.enable
        || demoApi.enable
        || healthAgent.enable
        || loadGen.environments != { }
      )
      {
        systemd.packages = [ (ours.unitFile "signalbox.target") ];
        systemd.targets.signalbox.wantedBy = [ "multi-user.target" ];
      };
}
