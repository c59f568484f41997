# The configuration of the third-party parts, as it stands in stack/, checked by the programs that read it.
{
  lib,
  runCommand,
  signalbox,
}:
let
  root = ../../stack;
  config = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.unions [
      (root + "/alertmanager")
      (root + "/collector")
      (root + "/memory.json")
      (root + "/prometheus/optional")
      (root + "/prometheus/prometheus.yml")
      (root + "/prometheus/rules")
      (root + "/runbooks")
      (root + "/thanos/query-frontend-cache.yml")
      (root + "/thanos/rules")
      (root + "/thanos/store-index-cache.yml")
    ];
  };
in
runCommand "signalbox-stack-config"
  {
    nativeBuildInputs = [
      signalbox.alertmanager
      signalbox.collector
      signalbox.prometheus
      signalbox.thanos
    ];
    meta.description = "Configuration, rules and runbooks of the third-party parts";
  }
  ''
    promtool check rules ${config}/prometheus/rules/*.yml
    thanos tools rules-check --rules='${config}/thanos/rules/*.yml'
    amtool check-config ${config}/alertmanager/alertmanager.yml
    signalbox-collector --config ${config}/collector/collector.toml check-config
    mkdir --parents $out/share/signalbox
    cp --recursive ${config} $out/share/signalbox/stack
  ''
