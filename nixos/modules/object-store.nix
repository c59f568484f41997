# Where Thanos keeps the blocks: an S3 server on this machine, or one elsewhere.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  ours = import ../lib { inherit lib pkgs; };
  cfg = config.services.signalbox.objectStore;
  local = cfg.backend != "s3";
  generated = "/var/lib/signalbox/secrets";
  isGenerated = file: file != null && lib.hasPrefix "${generated}/" file;
in
{
  imports = [
    ./object-store/garage.nix
    ./object-store/minio.nix
  ];

  options.services.signalbox.objectStore = {
    enable = lib.mkEnableOption "the object store of Thanos";

    backend = lib.mkOption {
      type = lib.types.enum [
        "garage"
        "minio"
        "s3"
      ];
      default = "garage";
      example = "s3";
      description = "Garage or MinIO on this machine, or an S3 service elsewhere.";
    };

    endpoint = lib.mkOption {
      type = lib.types.nullOr ours.addressAndPort;
      default = if local then "127.0.0.1:9000" else null;
      defaultText = lib.literalExpression ''if backend == "s3" then null else "127.0.0.1:9000"'';
      example = "s3.example.org:443";
      description = "Where S3 is spoken: host and port, without a scheme.";
    };

    tls = lib.mkOption {
      type = lib.types.bool;
      default = !local;
      defaultText = lib.literalExpression ''backend == "s3"'';
      example = true;
      description = "Whether the endpoint is spoken to over TLS.";
    };

    region = lib.mkOption {
      type = lib.types.str;
      default =
        {
          garage = "garage";
          minio = "us-east-1";
          s3 = "";
        }
        .${cfg.backend};
      defaultText = lib.literalMD "that of the backend";
      example = "eu-central-1";
      description = "The region of the bucket; empty where S3 tells it by itself.";
    };

    bucket = lib.mkOption {
      type = lib.types.strMatching "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]";
      default = "thanos";
      example = "acme-metrics";
      description = "The bucket. It is made when it is not there and the store is on this machine.";
    };

    credentialsFile = lib.mkOption {
      type = lib.types.nullOr ours.secretFile;
      default = if local then "${generated}/s3-credentials" else null;
      defaultText = lib.literalExpression ''if backend == "s3" then null else "${generated}/s3-credentials"'';
      example = "/run/secrets/s3-credentials";
      description = ''
        The file with the keys, as the tools of AWS keep them: a line `[default]`, then `aws_access_key_id = …` and
        `aws_secret_access_key = …`. Where the store is on this machine and no file is named, keys are made at the first boot.'';
    };

    metrics = {
      address = lib.mkOption {
        type = lib.types.nullOr ours.addressAndPort;
        internal = true;
        default = null;
        description = "Where its own metrics are, if it is on this machine.";
      };
      path = lib.mkOption {
        type = lib.types.str;
        internal = true;
        default = "/metrics";
        description = "Their path there.";
      };
    };

    thanosConfig = lib.mkOption {
      type = (pkgs.formats.yaml { }).type;
      internal = true;
      readOnly = true;
      description = "What Thanos is told. The keys are not in it: it takes them from the credentials file.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.endpoint != null;
        message = ''services.signalbox.objectStore.endpoint is missing: say where the S3 service is, for example "s3.example.org:443".'';
      }
      {
        assertion = cfg.credentialsFile != null;
        message = ''
          services.signalbox.objectStore.credentialsFile is missing: name the file on the machine with the keys of the S3 service, for example
          "/run/secrets/s3-credentials".'';
      }
    ];

    services.signalbox.objectStore.thanosConfig = {
      type = "S3";
      config = {
        inherit (cfg) bucket endpoint region;
        insecure = !cfg.tls;
      };
    };

    systemd.services.signalbox-object-store-keys = lib.mkIf local {
      description = "Keys of the object store, made once";
      before = [
        "garage.service"
        "minio.service"
        "signalbox-object-store.service"
      ];
      path = [ pkgs.openssl ];
      script = ''
        # the file of this name, unless it is there; a file that is there is whole
        make() { [ -e "$1" ] || { cat >"$1.new" && mv "$1.new" "$1"; }; }
      ''
      + lib.optionalString (isGenerated cfg.credentialsFile) ''
        # keys of the form that Garage wants
        printf '[default]\naws_access_key_id = GK%s\naws_secret_access_key = %s\n' "$(openssl rand -hex 12)" "$(openssl rand -hex 32)" |
          make ${cfg.credentialsFile}
      ''
      + lib.optionalString (cfg.backend == "garage" && isGenerated cfg.garage.rpcSecretFile) ''
        openssl rand -hex 32 | make ${cfg.garage.rpcSecretFile}
      '';
      serviceConfig = ours.hardening // {
        Type = "oneshot";
        ReadWritePaths = [ generated ];
        # the files belong to root, which is who reads them for the units
        PrivateUsers = false;
        PrivateNetwork = true;
        RestrictAddressFamilies = [ "none" ];
      };
    };
    systemd.tmpfiles.settings.signalbox.${generated}.d.mode = "0700";
  };
}
