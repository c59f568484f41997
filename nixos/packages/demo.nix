# The demo, with all that it starts and the configuration for it in the places where it looks.
{
  lib,
  callPackage,
  symlinkJoin,
  makeWrapper,
  signalbox,
}:
let
  program = callPackage ./rust.nix {
    crate = "demo";
    program = "signalbox-demo";
  };
in
# copied, not linked: it looks for the services beside itself
symlinkJoin {
  pname = "signalbox-demo";
  inherit (program) version;
  paths = [
    signalbox.collector
    signalbox.dashboard
    signalbox.demo-api
    signalbox.load-gen
    signalbox.stack-config
  ];
  nativeBuildInputs = [ makeWrapper ];
  postBuild = ''
    cp ${lib.getExe program} $out/bin
    wrapProgram $out/bin/signalbox-demo --suffix PATH : ${
      lib.makeBinPath [
        signalbox.alertmanager
        signalbox.prometheus
      ]
    }
  '';
  inherit (program) meta;
}
