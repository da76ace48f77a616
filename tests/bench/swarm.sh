#!/bin/sh
# What converge-swarm checks when there is nothing to do, as a shell oneshot with Docker's command line.
set -eu
info=$(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}} {{.Swarm.NodeAddr}} {{.LiveRestoreEnabled}} {{.Swarm.Cluster.Spec.Orchestration.TaskHistoryRetentionLimit}} {{.Swarm.Cluster.DefaultAddrPool}} {{.Swarm.Cluster.SubnetSize}}')
[ "$info" = "active true 10.99.0.1 false 5 [10.20.0.0/16] 24" ]
[ "$(docker network ls --filter name=proxy --format '{{.Name}}' | grep -cx proxy)" = 1 ]
network=$(docker network inspect --verbose proxy --format '{{.Driver}} {{.Scope}} {{.Attachable}} {{(index .IPAM.Config 0).Subnet}} {{len .Containers}}')
[ "${network% *}" = "overlay swarm true 10.10.0.0/16" ]
