{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../../lib { inherit lib pkgs; };
  store = config.services.signalbox.objectStore;
  cfg = store.garage;
  credentials = [
    "s3-credentials:${store.credentialsFile}"
    "rpc-secret:${cfg.rpcSecretFile}"
  ];
  keys = [ "signalbox-object-store-keys.service" ];
  environment = {
    GARAGE_RPC_SECRET_FILE = "%d/rpc-secret";
    # systemd lets the unit's user in by an access control list, whose mask shows as the group's right to read: Garage takes that for the
    # world's. Nobody else comes into the folder of a unit's credentials.
    GARAGE_ALLOW_WORLD_READABLE_SECRETS = "true";
  };
in
{
  options.services.signalbox.objectStore.garage = {
    package = lib.mkPackageOption pkgs [ "signalbox" "garage" ] { };

    rpcSecretFile = lib.mkOption {
      type = ours.secretFile;
      default = "/var/lib/signalbox/secrets/garage-rpc-secret";
      example = "/run/secrets/garage-rpc-secret";
      description = "The file with the secret of Garage's own protocol: 64 hexadecimal digits. The default is made at the first boot.";
    };

    capacity = lib.mkOption {
      type = lib.types.strMatching "[0-9]+[KMGT]";
      default = "100G";
      example = "2T";
      description = "The capacity of this machine in Garage's layout; with one machine it is a name, not a limit.";
    };
  };

  config = lib.mkIf (store.enable && store.backend == "garage") {
    services.garage = {
      enable = true;
      inherit (cfg) package;
      settings = {
        db_engine = "lmdb";
        metadata_fsync = true;
        data_fsync = true;
        # each box keeps its own copy
        replication_factor = 1;
        rpc_bind_addr = "127.0.0.1:3901";
        rpc_public_addr = "127.0.0.1:3901";
        s3_api = {
          api_bind_addr = store.endpoint;
          s3_region = store.region;
        };
        admin.api_bind_addr = "127.0.0.1:9001";
      };
    };

    systemd.services.garage = {
      requires = keys;
      after = keys;
      inherit environment;
      startLimitIntervalSec = 0;
      serviceConfig = ours.hardening // {
        LoadCredential = credentials;
        User = "garage";
        Restart = "always";
        RestartSec = 5;
        # the addresses of the machine
        RestrictAddressFamilies = ours.hardening.RestrictAddressFamilies ++ [ "AF_NETLINK" ];
      };
    };

    # Garage starts empty: it is told which disk it has, whose keys are good, and that there is a bucket. Doing it again changes nothing.
    systemd.services.signalbox-object-store = {
      description = "Bucket and keys of the object store";
      wantedBy = [ "multi-user.target" ];
      requires = [ "garage.service" ];
      after = [ "garage.service" ];
      inherit environment;
      path = [
        cfg.package
        pkgs.gawk
        pkgs.gnugrep
      ];
      script = ''
        value() { awk -v key="$1" '$1 == key { print $3 }' "$CREDENTIALS_DIRECTORY/s3-credentials"; }
        json() { value "$1" | sed 's/[\\"]/\\&/g; s/.*/"&"/'; }
        key=$(value aws_access_key_id)

        # as a command of its own: where it fails, so does this script
        layout=$(garage layout show)
        if grep --quiet 'Current cluster layout version: 0' <<<"$layout"; then
          garage layout assign --zone here --capacity ${cfg.capacity} "$(garage node id --quiet | cut --delimiter=@ --fields=1)"
          garage layout apply --version 1
        fi
        # by way of its standard input, for everybody on the machine may read the arguments of a command
        garage key info "$key" >/dev/null 2>&1 ||
          printf '{ "accessKeyId": %s, "secretAccessKey": %s }' "$(json aws_access_key_id)" "$(json aws_secret_access_key)" |
            garage json-api ImportKey - >/dev/null
        garage bucket info ${store.bucket} >/dev/null 2>&1 || garage bucket create ${store.bucket}
        garage bucket allow --read --write --owner ${store.bucket} --key "$key"
      '';
      startLimitIntervalSec = 0;
      serviceConfig = ours.hardening // {
        Type = "oneshot";
        RemainAfterExit = true;
        # Garage says nothing when it is ready: until it is, this fails and is tried again
        Restart = "on-failure";
        RestartSec = 2;
        DynamicUser = true;
        User = "garage";
        StateDirectory = "garage";
        LoadCredential = credentials;
      };
    };

    services.signalbox.objectStore.metrics.address = "127.0.0.1:9001";
    services.signalbox.listeners = {
      "Garage, S3" = store.endpoint;
      "Garage, its own protocol" = "127.0.0.1:3901";
      "Garage, administration and metrics" = "127.0.0.1:9001";
    };
  };
}
