{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../../lib { inherit lib pkgs; };
  store = config.services.signalbox.objectStore;
  cfg = store.minio;
  keys = [ "signalbox-object-store-keys.service" ];
  data = "/var/lib/minio/data";
in
{
  options.services.signalbox.objectStore.minio = {
    package = lib.mkPackageOption pkgs [ "signalbox" "minio" ] { };

    acceptKnownVulnerabilities = lib.mkOption {
      type = lib.types.bool;
      default = false;
      example = true;
      description = ''
        Whether to run MinIO although nobody maintains it any more and it has known vulnerabilities, among them writing objects without keys.
        Here it listens on loopback alone.'';
    };
  };

  config = lib.mkIf (store.enable && store.backend == "minio") {
    assertions = [
      {
        assertion = cfg.acceptKnownVulnerabilities;
        message = ''
          services.signalbox.objectStore: MinIO is no longer maintained and has known vulnerabilities, among them writing objects without keys.
          Use backend = "garage", or accept them: services.signalbox.objectStore.minio.acceptKnownVulnerabilities = true.'';
      }
      {
        assertion = store.endpoint != null && lib.hasPrefix "127." store.endpoint;
        message = ''
          services.signalbox.objectStore: MinIO is to be reached on loopback alone, for it lets objects be written without keys, and
          services.signalbox.objectStore.endpoint is another address. Leave it out, or use backend = "garage".'';
      }
    ];
    nixpkgs.config.allowInsecurePredicate = package: lib.getName package == "minio";

    services.minio = {
      enable = true;
      inherit (cfg) package;
      inherit (store) region;
      listenAddress = store.endpoint;
      consoleAddress = "127.0.0.1:9001";
      browser = false;
      dataDir = [ data ];
    };

    # a folder made beforehand is a bucket
    systemd.tmpfiles.settings.signalbox."${data}/${store.bucket}".d = {
      mode = "0700";
      user = "minio";
      group = "minio";
    };

    systemd.services.minio = {
      requires = keys;
      after = keys;
      startLimitIntervalSec = 0;
      environment = {
        MINIO_ROOT_USER_FILE = "%t/minio/user";
        MINIO_ROOT_PASSWORD_FILE = "%t/minio/password";
        # it asks nobody whether there is a newer one
        MINIO_UPDATE = "off";
        # who reaches loopback may read its metrics
        MINIO_PROMETHEUS_AUTH_TYPE = "public";
      };
      preStart = ''
        value() { while read -r key _ value; do [ "$key" != "$1" ] || printf '%s' "$value"; done <"$CREDENTIALS_DIRECTORY/s3-credentials"; }
        value aws_access_key_id >"$RUNTIME_DIRECTORY/user"
        value aws_secret_access_key >"$RUNTIME_DIRECTORY/password"
      '';
      serviceConfig = {
        LoadCredential = [ "s3-credentials:${store.credentialsFile}" ];
        RuntimeDirectory = "minio";
        RuntimeDirectoryMode = "0700";
        ProtectSystem = "strict";
        ReadWritePaths = [ "/var/lib/minio" ];
        Restart = "always";
        RestartSec = 5;
      };
    };

    services.signalbox.objectStore.metrics = {
      address = store.endpoint;
      path = "/minio/v2/metrics/cluster";
    };
    services.signalbox.listeners = {
      "MinIO, S3" = store.endpoint;
      "MinIO, console" = "127.0.0.1:9001";
    };
  };
}
