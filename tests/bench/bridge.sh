#!/bin/sh
# What converge-bridge checks when there is nothing to do, as a shell oneshot with the usual command lines.
set -eu
service=comment-bridge
cd "$(dirname "$CREDENTIALS_DIRECTORY")"
grep -q . "$CREDENTIALS_DIRECTORY/gitea-token"
grep -q . "$CREDENTIALS_DIRECTORY/drone-token"
[ "$(stat -c '%u %a' ledger)" = "60990 700" ]
[ -d runs ] && [ -s authority.pem ]
image=sha256:$(tar -xOf comment-bridge.tar manifest.json | grep -o '"Config":"[0-9a-f]*' | cut -d'"' -f4)
docker image inspect "$image" --format '{{.Id}}' | grep -qx "$image"
docker image ls localhost/comment-bridge --format '{{.Tag}}' | grep -qx "$(echo "$image" | cut -c8-23)"
docker secret ls --filter name=${service}_ --format '{{.Name}}' | grep -q "^${service}_gitea_token_v"
docker network ls --filter name=proxy --filter scope=swarm --format '{{.Name}}' | grep -qx proxy
spec=$(docker service inspect "$service" --format '{{json .Spec}}')
echo "$spec" | grep -q "\"Image\":\"$image\""
echo "$spec" | grep -q 'COMMENT_BRIDGE_SETTINGS='
echo "$spec" | grep -q '"ReadOnly":true'
[ "$(docker service ps "$service" --filter desired-state=running --format '{{.CurrentState}}' | grep -c ^Running)" = 1 ]
curl --silent --show-error --fail --cacert "$SSL_CERT_FILE" --resolve bridge.ci.localhost:443:10.99.0.1 \
  https://bridge.ci.localhost/healthz >/dev/null
