# A box and one data plane: what the demo service sends is seen on the dashboard, and alerts leave the box.
{ pkgs, self }:
let
  deployment =
    { nodes, lib, ... }:
    {
      imports = [ self.nixosModules.signalbox ];
      services.signalbox.appliance = {
        enable = true;
        customer = "test";
        region = "here";
        memory = "2GB";
        boxes.a.address = nodes.box.networking.primaryIPAddress;
        dataPlanes.prod = {
          address = nodes.prod.networking.primaryIPAddress;
          demo = true;
        };
        objectives.prod.api-service = {
          ratio.http-availability = 0.95;
          seconds.http-latency-p95 = 1;
        };
      };
      virtualisation.memorySize = lib.mkDefault 1024;
    };
in
pkgs.testers.runNixOSTest {
  name = "signalbox-single-box";

  nodes.box = {
    imports = [ deployment ];
    services.signalbox.appliance.host = "a";
    services.signalbox.alertmanager.webhookUrlFile = "/run/webhook-url";
    # there is no time server here
    services.signalbox.healthAgent.settings.system.clock = false;
    # not in /etc, which is in the Nix store, where everyone reads: the doctor looks
    systemd.tmpfiles.settings.webhook."/run/webhook-url".f = {
      mode = "0400";
      argument = "http://127.0.0.1:8871/alerts";
    };
    environment.systemPackages = [
      pkgs.jq
      pkgs.signalbox.demo
    ];
    virtualisation.memorySize = 3072;
    virtualisation.diskSize = 8192;
  };

  nodes.prod = {
    imports = [ deployment ];
    services.signalbox.appliance.host = "prod";
  };

  testScript =
    { nodes, ... }:
    ''
      box_address = "${nodes.box.networking.primaryIPAddress}"
    ''
    + builtins.readFile ./single-box.py;
}
