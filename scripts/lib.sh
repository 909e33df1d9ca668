# shellcheck shell=bash
# What the scripts beside this file share: saying what happens, stopping with a reason, running a noisy command quietly.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' plain=''
fi
# These are for the scripts that read this file.
: "$root$bold$dim$red$green$plain"

# say TEXT: a step begins.   note TEXT: a detail of it.
say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '    %s\n' "$*"; }

# fail WHAT [WHAT-TO-DO]: says it on standard error and exits with 1.
fail() {
  printf '%serror:%s %s\n' "$red" "$plain" "$1" >&2
  if [ $# -gt 1 ]; then printf '  what to do: %s\n' "$2" >&2; fi
  exit 1
}

# seconds_since START ($SECONDS at that time), as "42 s" or "3 min 05 s".
seconds_since() {
  local s=$((SECONDS - $1))
  if [ $s -lt 60 ]; then printf '%d s' $s; else printf '%d min %02d s' $((s / 60)) $((s % 60)); fi
}

# quietly WHAT COMMAND...: runs the command with its output in a file, with a sign of life every ten seconds. If it
# fails, prints the end of that output and returns the command's status.
quietly() {
  local what=$1 start=$SECONDS log pid status=0 ticks=0
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/lakh-log.XXXXXX")
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  # Interrupting this shell must not leave the command behind.
  trap 'kill "$pid" 2>/dev/null; rm -f "$log"; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    ticks=$((ticks + 1))
    if [ $((ticks % 50)) -eq 0 ]; then
      note "${dim}$what, $(seconds_since "$start"): $(tail -n 1 "$log" | tr -d '\r' | cut -c1-90)${plain}"
    fi
  done
  wait "$pid" || status=$?
  trap - INT TERM
  if [ $status -ne 0 ]; then
    printf '%serror:%s %s failed (status %d); the end of what it said:\n' "$red" "$plain" "$what" $status >&2
    tail -n 40 "$log" | sed 's/^/  | /' >&2
  fi
  rm -f "$log"
  return $status
}

# cores: how many jobs a build may run at once; LAKH_JOBS says otherwise.
cores() { printf '%s' "${LAKH_JOBS:-$(nproc)}"; }
