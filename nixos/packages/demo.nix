# The demo, with all that it starts and the configuration for it in the places where it looks. Garage, for `--object-store garage`, is the user's.
{
  lib,
  callPackage,
  symlinkJoin,
  makeWrapper,
  minio,
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
    signalbox.health
    signalbox.load-gen
    signalbox.stack-config
  ];
  nativeBuildInputs = [ makeWrapper ];
  postBuild = ''
    cp ${lib.getExe program} $out/bin
    wrapProgram $out/bin/signalbox-demo --suffix PATH : ${
      lib.makeBinPath [
        minio
        signalbox.alertmanager
        signalbox.node_exporter
        signalbox.prometheus
        signalbox.pushgateway
        signalbox.thanos
      ]
    }
  '';
  inherit (program) meta;
}
