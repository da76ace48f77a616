# The machine itself: a disk, an address, a login. Yours will differ.
{
  networking = {
    hostName = "ci";
    interfaces.ens3.ipv4.addresses = [ { address = "192.0.2.10"; prefixLength = 24; } ];
    defaultGateway = "192.0.2.1";
    nameservers = [ "192.0.2.1" ];
  };
  time.timeZone = "Europe/Berlin";

  boot.loader.systemd-boot.enable = true;
  fileSystems."/" = { device = "/dev/disk/by-label/nixos"; fsType = "ext4"; };
  fileSystems."/boot" = { device = "/dev/disk/by-label/boot"; fsType = "vfat"; };

  services.openssh.enable = true;
  users.users.root.openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA… replace-me" ];

  system.stateVersion = "26.05";
}
