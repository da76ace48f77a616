#!/bin/sh
# What converge-drone checks when there is nothing to do, as a shell oneshot with the usual command lines.
set -eu
service=drone_ci_localhost_app
gitea=http://10.99.0.1:3000/api/v1
drone=https://drone.ci.localhost
ask() { curl --silent --show-error --fail --cacert "$SSL_CERT_FILE" --resolve drone.ci.localhost:443:10.99.0.1 "$@"; }
bot="ci-bot:$(cat "$CREDENTIALS_DIRECTORY/gitea-password")"
token="Authorization: Bearer $(cat "$STATE_DIRECTORY/api-token")"
ask --user "$bot" "$gitea/user/applications/oauth2" | grep -q "$drone/login"
ask --user "$bot" "$gitea/repos/recipes/ci" | grep -q '"full_name":"recipes/ci"'
docker secret ls --filter name=drone_ci_localhost_ --format '{{.Name}}' | grep -q rpc_secret_v1
docker config ls --filter name=drone_ci_localhost_attempt_ --format '{{.Name}}' >/dev/null
docker service inspect "$service" --format '{{json .Spec}}' | grep -q '"DRONE_REGISTRATION_CLOSED=true"'
[ "$(docker service ps "$service" --filter desired-state=running --format '{{.CurrentState}}' | grep -c ^Running)" = 1 ]
docker network ls --filter name=proxy --filter scope=swarm --format '{{.Name}}' | grep -qx proxy
git -C "$ABRA_DIR/recipes/drone" for-each-ref --format='%(objecttype) %(refname:strip=2)' refs/tags | grep -q '^tag 1.9.0'
grep -q '^LETS_ENCRYPT_ENV=$' "$ABRA_DIR/servers/default/drone.ci.localhost.env"
ask "$drone/healthz" >/dev/null
ask --header "$token" "$drone/api/user" | grep -q '"admin":true'
ask --header "$token" "$drone/api/user/repos" | grep -q '"slug":"recipes/ci"'
ask --header "$token" "$drone/api/user/remote/repos/recipes/ci" | grep -q '"admin":true'
