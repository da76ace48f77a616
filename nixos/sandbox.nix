# The sandbox of a converger. It runs as root and uses Docker's socket, which is as good as root: this guards against
# accidents and against input from the network, not against a hostile converger.
# Keys are those of systemd 252 and later. Every exception has its reason.
{ lib }:
{ network }:
{
  CapabilityBoundingSet = "";
  AmbientCapabilities = "";
  NoNewPrivileges = true;
  LockPersonality = true;
  MemoryDenyWriteExecute = true;
  RestrictNamespaces = true;
  RestrictRealtime = true;
  RestrictSUIDSGID = true;
  KeyringMode = "private";
  UMask = "0077";

  ProtectSystem = "strict";
  ProtectHome = true;
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  ProtectProc = "invisible";
  ProcSubset = "pid";
  PrivateMounts = true;
  PrivateTmp = true;
  # Pseudo-terminals stay: abra needs one.
  PrivateDevices = true;

  SystemCallArchitectures = "native";
  SystemCallFilter = [ "@system-service" "~@privileged @resources" ];
  # Go's runtime raises its file limit at start, and continues if that is refused.
  SystemCallErrorNumber = "EPERM";
}
// (if network then {
  # Probes and git servers may have any address, so addresses are not limited.
  RestrictAddressFamilies = [ "AF_UNIX" "AF_INET" "AF_INET6" ];
} else {
  # Docker's socket, D-Bus and the journal are unix sockets in the file system and stay reachable.
  RestrictAddressFamilies = [ "AF_UNIX" ];
  PrivateNetwork = true;
  IPAddressDeny = "any";
})
