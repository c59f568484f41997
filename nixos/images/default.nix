# The machine below the parts: what boots, who may log in. Every image variant (`system.build.images.<variant>`) stands on it.
{
  config,
  lib,
  modulesPath,
  options,
  ...
}:
let
  cfg = config.services.signalbox.appliance;
  inherit (cfg) network;
  inherit ((cfg.boxes // cfg.dataPlanes).${cfg.host}) address;
in
{
  # an image that boots by a variant's drivers must boot without the variant, too, after the first switch
  imports = [ "${modulesPath}/profiles/qemu-guest.nix" ];
  boot.initrd.availableKernelModules = [
    "hv_storvsc"
    "mptspi"
    "vmw_pvscsi"
  ];
  boot.growPartition = lib.mkDefault true;

  boot.loader.systemd-boot = {
    enable = lib.mkDefault true;
    configurationLimit = 10;
  }
  # A generation that does not come so far as the gate is given up by the loader itself, which nixpkgs 26.05 cannot set up yet.
  // lib.optionalAttrs (options.boot.loader.systemd-boot ? bootCounting) {
    bootCounting.enable = lib.mkDefault config.services.signalbox.healthAgent.gate.enable;
  };
  boot.loader.efi.canTouchEfiVariables = lib.mkDefault false;
  # for who has no screen
  boot.kernelParams = [
    "console=tty0"
    "console=ttyS0"
  ];

  # the image variants label their disks so
  fileSystems = {
    "/" = lib.mkDefault {
      device = "/dev/disk/by-label/nixos";
      fsType = "ext4";
      autoResize = true;
    };
    "/boot" = lib.mkDefault {
      device = "/dev/disk/by-label/ESP";
      fsType = "vfat";
    };
  };
  # MiB, of which an image takes what is written
  image.modules.qemu-efi.virtualisation.diskSize =
    if cfg.boxes ? ${cfg.host} then cfg.disk * 1000 * 1000 / 1024 * 1000 / 1024 else 32 * 1024;

  networking.hostName = lib.mkDefault "signalbox-${cfg.host}";
  networking.useNetworkd = true;
  networking.useDHCP = lib.mkDefault (network.gateway == null);
  systemd.network.networks."10-signalbox" = lib.mkIf (network.gateway != null) {
    matchConfig.Name = network.interface;
    address = [ "${address}/${toString network.prefixLength}" ];
    gateway = [ network.gateway ];
  };
  # a card without a cable does not hold up the boot
  systemd.network.wait-online.anyInterface = true;
  # names come from DNS alone, so that nothing listens for those of neighbours
  services.resolved.settings.Resolve = {
    LLMNR = false;
    MulticastDNS = false;
  };
  services.timesyncd.enable = true;
  services.journald.extraConfig = "SystemMaxUse=2G";

  services.openssh = {
    enable = true;
    settings = {
      PasswordAuthentication = false;
      PermitRootLogin = "no";
    };
  };
  users.users.operator = {
    description = "Whoever looks after the box";
    isNormalUser = true;
    openssh.authorizedKeys.keys = cfg.operatorKeys;
    extraGroups = [
      "systemd-journal"
      "wheel"
    ];
  };
  # operators have keys, not passwords
  security.sudo.wheelNeedsPassword = false;
  # who may become root may bring a system that was built elsewhere
  nix.settings.trusted-users = [
    "root"
    "operator"
  ];

  system.stateVersion = "26.05";
}
