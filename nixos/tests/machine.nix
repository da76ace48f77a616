# A NixOS test: the modules on a machine of their own, up to what needs no image registry.
# Not yet run with Nix. The lab of tests/lab covers the rest with Debian's Docker and systemd.
{
  name = "converge";

  nodes.machine = {
    imports = [ ../default.nix ];
    services.converge.swarm = {
      enable = true;
      settings.advertise_address = "192.168.1.1";
    };
    services.converge.interval = "1h";
  };

  testScript = ''
    machine.wait_for_unit("converge-swarm.service")
    machine.succeed("docker network inspect proxy --format '{{.Driver}} {{.Scope}}' | grep -x 'overlay swarm'")
    machine.succeed("grep -q outcome /run/converge/swarm.json")

    with subtest("a second run changes nothing"):
        machine.succeed("converge swarm --plan")

    with subtest("a restarted Docker is looked at again"):
        before = machine.succeed("systemctl show -P InvocationID converge-swarm.service")
        machine.succeed("systemctl restart docker.service")
        machine.wait_for_unit("converge-swarm.service")
        assert before != machine.succeed("systemctl show -P InvocationID converge-swarm.service")

    with subtest("the timer is there"):
        machine.succeed("systemctl is-active converge-again.timer")
  '';
}
