#!/bin/sh
# What converge-traefik checks when there is nothing to do, as a shell oneshot with the usual command lines.
set -eu
service=traefik_ci_localhost_app
cd "$CREDENTIALS_DIRECTORY"
openssl x509 -in fullchain -noout -checkend 0 >/dev/null
openssl x509 -in fullchain -noout -ext subjectAltName | grep -q 'DNS:\*.ci.localhost'
[ "$(openssl x509 -in fullchain -noout -pubkey)" = "$(openssl pkey -in privkey -pubout)" ]
leaf=$(openssl x509 -in fullchain -noout -fingerprint -sha256)
docker secret ls --filter name=traefik_ci_localhost_ssl_ --format '{{.Name}}' | grep -q ssl_cert_v1
docker config ls --filter name=traefik_ci_localhost_attempt_ --format '{{.Name}}' >/dev/null
docker service inspect "$service" --format '{{json .Spec}}' | grep -q '"LETS_ENCRYPT_ENV="'
[ "$(docker service ps "$service" --filter desired-state=running --format '{{.CurrentState}}' | grep -c ^Running)" = 1 ]
docker service ls --filter label=traefik.enable=true --format '{{.ID}}' >/dev/null
docker network ls --filter name=proxy --filter scope=swarm --format '{{.Name}}' | grep -qx proxy
git -C "$ABRA_DIR/recipes/traefik" for-each-ref --format='%(objecttype) %(refname:strip=2)' refs/tags | grep -q '^tag 3.8.0'
grep -q '^LETS_ENCRYPT_ENV=$' "$ABRA_DIR/servers/default/traefik.ci.localhost.env"
served=$(openssl s_client -connect 10.99.0.1:443 -servername probe.ci.localhost </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256)
[ "$served" = "$leaf" ]
curl --silent --output /dev/null --write-out '%{redirect_url}' --resolve probe.ci.localhost:80:10.99.0.1 http://probe.ci.localhost/ | grep -q ^https://
curl --silent --insecure --resolve traefik.ci.localhost:443:10.99.0.1 https://traefik.ci.localhost/api/version | grep -q Version
