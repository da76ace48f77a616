#!/bin/sh
# What converge-dashboard checks when there is nothing to do, as a shell oneshot with the usual command lines.
set -eu
service=dashboard
cd "$(dirname "$CREDENTIALS_DIRECTORY")"
[ "$(stat -c '%u %a' index)" = "60991 700" ]
[ -d runs ] && [ -d run ] && [ -d published ]
image=sha256:$(tar -xOf dashboard.tar manifest.json | grep -o '"Config":"[0-9a-f]*' | cut -d'"' -f4)
docker image inspect "$image" --format '{{.Id}}' | grep -qx "$image"
docker image ls localhost/dashboard --format '{{.Tag}}' | grep -qx "$(echo "$image" | cut -c8-23)"
docker network ls --filter name=proxy --filter scope=swarm --format '{{.Name}}' | grep -qx proxy
spec=$(docker service inspect "$service" --format '{{json .Spec}}')
echo "$spec" | grep -q "\"Image\":\"$image\""
echo "$spec" | grep -q 'DASHBOARD_SETTINGS='
echo "$spec" | grep -q '"ReadOnly":true'
[ "$(docker service ps "$service" --filter desired-state=running --format '{{.CurrentState}}' | grep -c ^Running)" = 1 ]
curl --silent --show-error --fail --cacert "$SSL_CERT_FILE" --resolve ci.localhost:443:10.99.0.1 \
  https://ci.localhost/healthz >/dev/null
