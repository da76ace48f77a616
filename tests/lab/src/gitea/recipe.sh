#!/usr/bin/env bash
# One recipe at the head of a pull request: deployed, asked over HTTPS, removed again, whatever happens.
# It runs the first rung, install, and says of the others that it did not run them.
set -euo pipefail

# shellcheck disable=SC2153 # Drone passes them.
echo "recipe-ci: RECIPE=$RECIPE REF=$REF PR=$PR SRC=$SRC stages=${STAGES:-} quick=${CCCI_QUICK:-0}"

# They become parts of paths, addresses and names.
name='[A-Za-z0-9][A-Za-z0-9._-]*'
if ! [[ $RECIPE =~ ^[a-z0-9][a-z0-9-]*$ && $REF =~ ^[0-9a-f]{40}$ && $PR =~ ^[0-9]+$ && $SRC =~ ^$name/$name$ ]]; then
  echo "recipe-ci: one of these is not what it should be" >&2
  exit 2
fi

source=${DRONE_REPO_LINK%/*/*}/$SRC.git
domain=${RECIPE:0:4}-$(printf '%s|' "$RECIPE" "$PR" "$REF" "$DRONE_BUILD_NUMBER" | sha256sum | cut -c1-6).ci.localhost
stack=${domain//./_}
run=/var/lib/recipe-ci/runs/$DRONE_BUILD_NUMBER
# Its own, so that no run is in another's way.
export ABRA_DIR=/var/lib/recipe-ci/abra/$DRONE_BUILD_NUMBER
recipe=$ABRA_DIR/recipes/$RECIPE

# --- what the run found, as results.json tells it -------------------------------------------------------------------

state=running phase=fetch verdict=null level=0 finished=null clean=null error=null version=null tests=
install='{"status":"unver","reason":"not run: the build has not come so far","seconds":0}'
started=$(date --utc +%Y-%m-%dT%H:%M:%SZ)
mode=full
if [ "${CCCI_QUICK:-0}" = 1 ]; then mode=quick; fi

now() { echo "${EPOCHREALTIME/[.,]/}"; }
# Seconds since then, with one decimal.
since() { local tenths=$((($(now) - $1) / 100000)); echo "$((tenths / 10)).$((tenths % 10))"; }

# Text from stdin as a JSON string.
json() {
  printf '"%s"' "$(tr -d '\000-\010\013-\037' | sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/ /g' | sed -z 's/\n$//; s/\n/\\n/g')"
}

# By rename, so that nobody reads half of it.
write_results() {
  local not_run='{"status":"unver","seconds":0,"reason":"not run: this pipeline goes no further than install"}'
  cat >"$run/results.partial" <<JSON
{
  "schema": 3, "run_id": "$DRONE_BUILD_NUMBER", "recipe": "$RECIPE", "version": $version, "ref": "$REF", "pr": $PR,
  "src": "$SRC", "kind": "pull", "mode": "$mode", "state": "$state", "phase": "$phase", "started": "$started", "finished": $finished,
  "verdict": $verdict, "level": $level,
  "rungs": {
    "install": $install,
    "upgrade": $not_run,
    "backup": $not_run,
    "restore": $not_run,
    "custom": $not_run,
    "lint": $not_run
  },
  "tests": [${tests#,}],
  "base": null,
  "customisation": {"overlay": false, "install_steps": false, "hooks": [], "untestable": []},
  "flags": {"clean_teardown": $clean, "no_secret_leak": null},
  "timings": {"whole": $(since "$began")},
  "artefacts": [],
  "error": $error
}
JSON
  chmod 0644 "$run/results.partial"
  mv "$run/results.partial" "$run/results.json"
}

enter() {
  phase=$1
  echo
  echo "== $phase"
  write_results
}

# Runs a check, shows what it says, and keeps the end of it; the first that fails ends the rung.
check() {
  local what=$1 begun status=pass
  begun=$(now)
  "${@:2}" 2>&1 | tee "$run/.said" || status=fail
  tests+=",{\"rung\":\"install\",\"name\":\"$what\",\"status\":\"$status\",\"seconds\":$(since "$begun"),"
  tests+="\"output_tail\":$(tail -n 10 "$run/.said" | json)}"
  echo "-- $what: $status"
  if [ "$status" = fail ]; then
    install="{\"status\":\"fail\",\"reason\":\"$what: failed\",\"seconds\":$(since "$rung_began")}"
    verdict='"fail"'
    exit 1
  fi
}

# --- what is done ---------------------------------------------------------------------------------------------------

fetch() {
  mkdir -p "$ABRA_DIR/servers/default" "$ABRA_DIR/recipes"
  git clone --quiet "$source" "$recipe"
  git -C "$recipe" fetch --quiet origin "refs/pull/$PR/head"
  git -C "$recipe" checkout --quiet --detach "$REF"
  git -C "$recipe" --no-pager log --oneline -1
  # Of the release that this commit follows.
  # shellcheck disable=SC2016 # As it is written there.
  version=$(sed -n 's/.*coop-cloud\.${STACK_NAME}\.version=\([0-9A-Za-z.+-]*\)".*/"\1"/p' "$recipe/compose.yml" | head -n 1)
  version=${version:-null}
}

deployed() {
  abra app new "$RECIPE" --chaos --no-input --offline --server default --domain "$domain" &&
    # The wildcard certificate serves it.
    sed -i 's/^LETS_ENCRYPT_ENV=.*/LETS_ENCRYPT_ENV=/' "$ABRA_DIR/servers/default/$domain.env" || return 1
  # It prints what it makes, and fails where there is nothing to make: then the deploy says what is missing.
  abra app secret generate "$domain" --all --chaos --no-input --offline >/dev/null 2>&1 || true
  abra app deploy "$domain" --chaos --no-input --offline
}

answers() {
  local status=
  for _ in $(seq 120); do
    status=$(curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' "https://$domain/" || true)
    case $status in 2?? | 3??) echo "https://$domain/ answers $status"; return ;; esac
    sleep 0.5
  done
  echo "https://$domain/ still answers ${status:-nothing} after a minute"
  return 1
}

is_this_commit() {
  local runs
  runs=$(docker service inspect "${stack}_app" --format "{{index .Spec.Labels \"coop-cloud.$stack.chaos-version\"}}")
  echo "deployed is $runs, asked for was ${REF:0:8}"
  [ "$runs" = "${REF:0:8}" ]
}

# What the pull request adds to the recipe's own pages is on those pages.
shows_the_change() {
  local file line page
  for file in $(git -C "$recipe" diff --name-only origin/HEAD... -- '*.html.tmpl'); do
    page=$(curl --fail --silent --show-error --max-time 10 "https://$domain/$(basename "$file" .tmpl)") || return 1
    while read -r line; do
      echo "looking for: $line"
      grep --quiet --fixed-strings -- "$line" <<<"$page" || return 1
    done < <(git -C "$recipe" diff origin/HEAD... -- "$file" | sed -n 's/^+\([^+].*\)/\1/p' | grep -v '{{')
  done
}

# Removes the app with all it has, and looks whether it is gone.
teardown() {
  if [ -n "$(docker service ls --quiet --filter "label=com.docker.stack.namespace=$stack")" ]; then
    abra app undeploy "$domain" --no-input || return 1
  fi
  if [ -e "$ABRA_DIR/servers/default/$domain.env" ]; then
    abra app rm "$domain" --force --no-input || return 1
  fi
  local kind left
  for kind in service volume network; do
    left=$(docker "$kind" ls --quiet --filter "label=com.docker.stack.namespace=$stack")
    if [ -n "$left" ]; then echo "left behind: $kind $left"; return 1; fi
  done
  left=$(docker secret ls --quiet --filter "name=${stack}_")$(docker config ls --quiet --filter "name=${stack}_")
  if [ -n "$left" ]; then echo "left behind: $left"; return 1; fi
  rm -rf "$ABRA_DIR"
}

# --- how it ends ----------------------------------------------------------------------------------------------------

finish() {
  local code=$?
  trap - EXIT
  enter teardown
  if teardown 2>&1; then clean=true; else clean=false; fi
  if [ "$verdict" = null ]; then verdict='"error"' error='{"message":"the run broke off","causes":[],"hint":"its log says where"}'; fi
  if [ "$clean" = false ]; then
    verdict='"error"' error='{"message":"the app could not be removed","causes":[],"hint":"its log says what is left"}'
    code=1
  fi
  end
  exit "$code"
}

# Cancelled or out of time: the runner waits one second.
break_off() {
  trap - EXIT TERM INT
  verdict='"error"' error='{"message":"the run was stopped","causes":[],"hint":null}'
  end
  exit 143
}

# Removes the app of a run that could not do so itself, for it was stopped or killed: a unit of its own outlives it.
keep_watch() {
  systemd-run --quiet --collect --unit="recipe-ci-teardown-$DRONE_BUILD_NUMBER" \
    --description="Removes $domain should its run be stopped" --setenv="ABRA_DIR=$ABRA_DIR" --setenv="PATH=$PATH" \
    --setenv="domain=$domain" --setenv="stack=$stack" -- bash -c "$(declare -f teardown remove_once_over); remove_once_over $$"
}

remove_once_over() {
  tail --pid="$1" --follow /dev/null
  if [ ! -d "$ABRA_DIR" ]; then return; fi
  # Docker may still be making what it was asked for last.
  sleep 3
  for _ in 1 2 3 4 5; do
    teardown && return
    sleep 2
  done
  return 1
}

end() {
  state="done" phase="done" finished="\"$(date --utc +%Y-%m-%dT%H:%M:%SZ)\""
  rm -f "$run/.said"
  write_results
  echo
  echo "recipe-ci: verdict ${verdict//\"/}, level $level"
  # The last line is in the log before the run is over.
  exec >&- 2>&-
  wait "$log" || true
}

mkdir -p "$run"
chmod 0755 "$run"
# All output from here on, line by line as it comes. Whatever ends the run does not end its log before it.
: >"$run/run.log"
chmod 0644 "$run/run.log"
exec > >(trap '' TERM INT; exec tee --append "$run/run.log") 2>&1
log=$!
began=$(now)
trap finish EXIT
trap break_off TERM INT
keep_watch

enter fetch
fetch

enter install
rung_began=$(now)
check "abra deploys it" deployed
check "it answers over HTTPS" answers
check "what runs is this commit" is_this_commit
check "the pull request's change is on the page" shows_the_change
install="{\"status\":\"pass\",\"reason\":null,\"seconds\":$(since "$rung_began")}"
verdict='"pass"' level=1
