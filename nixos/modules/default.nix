# All options of Signalbox: `services.signalbox.*`.
{
  _class = "nixos";
  imports = [
    ./stack.nix
    ./listeners.nix
    ./parts.nix
    ./memory.nix
    ./target.nix
    ./collector.nix
    ./demo-api.nix
    ./load-gen.nix
    ./dashboard.nix
    ./prometheus.nix
    ./alertmanager.nix
    ./object-store.nix
    ./thanos.nix
    ./pushgateway.nix
    ./node-exporter.nix
    ./health-agent.nix
    ./appliance.nix
  ];
}
