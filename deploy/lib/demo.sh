# What deploy/quickstart is written in: steps, a centre, tablets, and checks
# that end the story when they do not hold. Sourced by it; it sets $root, $bin,
# $keep, $steps and $build_dir.
#
# Each tablet is a store folder of its own under $room. Everything is in a
# temporary folder and removed at the end, unless --keep.

# The story's evidence is of yesterday, so that it is over when it is signed.
day="$(date -u -d yesterday +%Y-%m-%d)"
step_number=0
checks=0
room=""
server=""
server_pid=""

bold="" plain=""
if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; fi

# --- Telling the story -------------------------------------------------------

next_step() {
  step_number=$((step_number + 1))
  printf '\n%s%d. %s%s\n' "$bold" "$step_number" "${steps[step_number - 1]}" \
    "$plain"
}

explain() { fmt -w 78 <<<"$*"; }

indent() { sed 's/^/    /'; }

fail() {
  if [[ -s "$room/centre.log" ]]; then
    echo "The last lines of the server's log:" >&2
    tail -5 "$room/centre.log" | indent >&2
  fi
  echo "quickstart: $1" >&2
  exit 1
}

# expect WHAT WANTED FOUND
expect() {
  if [[ "$3" != "$2" ]]; then
    fail "this does not hold: $1: expected \"$2\", found \"$3\""
  fi
  checks=$((checks + 1))
}

# --- Building ----------------------------------------------------------------

# Shares build/release with tests/run. A folder that is configured already is
# taken as it is; a new one is made without the tests, which need more packages
# (tests/run, whose preset names them, brings them in later).
build_programs() {
  cd "$root"
  if [[ ! -f "$build_dir/build.ninja" ]]; then
    explain "Configuring $build_dir."
    cmake --preset release -DVOUCH_BUILD_TESTS=OFF --log-level=WARNING \
      >/dev/null
  fi
  local log="$build_dir/quickstart.log" status=0
  NINJA_STATUS='%p %f/%t ' ninja -C "$build_dir" vouchd vouch 2>&1 |
    tee "$log" | show_progress || status=$?
  if ((status != 0)); then
    echo "The build failed; its last lines ($log):" >&2
    grep -A20 -m1 FAILED "$log" >&2 || tail -20 "$log" >&2
    exit 1
  fi
}

# Ninja's lines, one for each further tenth.
show_progress() {
  awk '
    /no work to do/ { print "Up to date."; next }
    $1 ~ /%$/ {
      percent = $1 + 0
      if (percent >= shown + 10) {
        shown = percent - percent % 10
        printf "  %3d%%  %s compiled or linked\n", percent, $2
        fflush()
      }
    }'
}

# --- The centre --------------------------------------------------------------

make_room() {
  room="$(mktemp -d "${TMPDIR:-/tmp}/vouch.XXXXXX")"
  trap clean_up EXIT
  trap 'exit 130' INT TERM
}

clean_up() {
  local status=$?
  if ((keep)) && ((status == 0)); then return; fi
  if [[ -n "$server_pid" ]]; then
    kill "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
  fi
  rm -rf "$room"
}

# start_centre HOST:PORT; sets $server. The log says when it serves.
start_centre() {
  : >"$room/centre.log"
  "$bin/vouchd" serve --data "$room/centre" --listen "$1" \
    >"$room/centre.out" 2>"$room/centre.log" &
  server_pid=$!
  local line
  while read -r line; do
    if [[ "$line" =~ \ serving\ address=([^ ]+) ]]; then
      server="${BASH_REMATCH[1]}"
      return
    fi
  done < <(timeout 30 tail -n +1 -f --pid="$server_pid" "$room/centre.log")
  fail "the server did not start within 30 s"
}

stop_centre() {
  kill -TERM "$server_pid"
  wait "$server_pid" || fail "the server did not end cleanly after SIGTERM"
  server_pid=""
}

# --- Tablets -----------------------------------------------------------------

# on TABLET VERB…: runs vouch there.
on() {
  local tablet="$1"
  shift
  "$bin/vouch" --store "$room/$tablet" "$@"
}

# The command as a person would type it: ids that were kept under a name are
# shown by that name, the latest kept first; a long line goes on after a
# backslash, options beside their values.
prompt() {
  local line="  $1\$ vouch" word name i unit=""
  shift
  for word in "$@"; do
    for ((i = ${#kept_names[@]} - 1; i >= 0; --i)); do
      name="${kept_names[i]}"
      word="${word//"${!name}"/"\$$name"}"
    done
    if [[ "$word" =~ ^([a-z_0-9]+=)(.*[^A-Za-z0-9_./:,@\$-].*)$ ]]; then
      word="${BASH_REMATCH[1]}'${BASH_REMATCH[2]}'"
    elif [[ "$word" =~ [^A-Za-z0-9_./:=,@\$-] ]]; then
      word="'$word'"
    fi
    if [[ "$word" == --* ]]; then
      add_unit
      unit="$word"
    elif [[ "$unit" == --* && "$unit" != *" "* ]]; then
      unit+=" $word"
    else
      add_unit
      unit="$word"
    fi
  done
  add_unit
  echo "$line"
}

# Of prompt: moves $unit to $line, beginning a new one if it is full.
add_unit() {
  if [[ -z "$unit" ]]; then return; fi
  if ((${#line} + 1 + ${#unit} > 76)); then
    echo "$line \\"
    line="     "
  fi
  line+=" $unit"
  unit=""
}

# quiet TABLET VERB…: shows the command; its output only if it fails.
quiet() {
  local said
  prompt "$@"
  said="$(on "$@" 2>&1)" || fail "on $1, vouch $2 failed: $said"
}

# show TABLET VERB…: shows the command and what it prints.
show() {
  local said
  prompt "$@"
  said="$(on "$@" 2>&1)" || fail "on $1, vouch $2 failed: $said"
  indent <<<"$said"
}

# refuse REASON CODE TABLET VERB…: it must fail, so and with that exit code.
refuse() {
  local reason="$1" code="$2" said status=0
  shift 2
  prompt "$@"
  said="$(on "$@" 2>&1 >/dev/null)" || status=$?
  indent <<<"$said"
  expect "exit code of vouch $2 on $1" "$code" "$status"
  expect "the reason is named" "$reason" \
    "$(grep -o "$reason" <<<"$said" | head -1)"
}

# field PATH: a value of the JSON on standard input; conflicts.0.handle, or
# len:conflicts.
field() {
  python3 -c '
import json, sys
path, value = sys.argv[1], json.load(sys.stdin)
count = path.startswith("len:")
for step in path.removeprefix("len:").split("."):
    value = value[int(step)] if isinstance(value, list) else value[step]
print(len(value) if count else value)' "$1"
}

# ask TABLET PATH VERB…: one value of what the verb prints with --json.
ask() {
  local tablet="$1" path="$2" said
  shift 2
  said="$(on "$tablet" --json "$@")" ||
    fail "on $tablet, vouch $1 failed: $said"
  field "$path" <<<"$said"
}

# each TABLET LIST FIELD FIELD VERB…: a line for each member of the list.
each() {
  local tablet="$1" list="$2" first="$3" second="$4"
  shift 4
  on "$tablet" --json "$@" | python3 -c '
import json, sys
for item in json.load(sys.stdin)[sys.argv[1]]:
    print(item[sys.argv[2]], item[sys.argv[3]])' "$list" "$first" "$second"
}

# expect_field TABLET WHAT PATH WANTED: of its ledger.
expect_field() { expect "$2" "$4" "$(ask "$1" "$3" ledger)"; }

# keep_as NAME VALUE: a global variable that prompts show by its name.
kept_names=()
keep_as() {
  kept_names+=("$1")
  printf -v "$1" %s "$2"
}

# save NAME TABLET VERB…: shows it, and keeps the id of what was saved.
save() {
  local name="$1" tablet="$2"
  shift
  prompt "$@"
  shift
  local id
  id="$(ask "$tablet" id "$@")"
  keep_as "$name" "$id"
  echo "    saved: \$$name is $id"
}

# new_observation NAME TABLET VENUE PARAGRAPH…
new_observation() {
  local name="$1" tablet="$2" venue="$3" paragraph
  local -a texts
  shift 3
  for paragraph in "$@"; do texts+=(--text "narrative=$paragraph"); done
  save "$name" "$tablet" record new observation \
    --registration "$registration" --field observer=me \
    --field candidate="A. Candidate" --field when="${day}T10:00/10:45" \
    --field venue="$venue" "${texts[@]}"
}

# enrol TABLET ROLE NAME
enrol() {
  local code
  code="$("$bin/vouchd" code new --data "$room/centre" --role "$2" \
    --name "$3" 2>"$room/code.err")" ||
    fail "no code: $(cat "$room/code.err")"
  echo "  $1\$ vouch enrol $server ${code%%@*}@…"
  on "$1" enrol "$server" "$code" >"$room/enrol.out" 2>&1 ||
    fail "$1 could not enrol: $(cat "$room/enrol.out")"
  refuse_quietly CODE_USED "$room/thief" enrol "$server" "$code"
}

# The code was used: it enrols no second tablet.
refuse_quietly() {
  local reason="$1" store="$2" said
  shift 2
  said="$("$bin/vouch" --store "$store" "$@" 2>&1)" &&
    fail "vouch $1 should have been refused with $reason"
  expect "the reason is named" "$reason" \
    "$(grep -o "$reason" <<<"$said" | head -1)"
}

# kill_while_saving TABLET: sets $printed and $lost.
kill_while_saving() {
  local tablet="$1" id count=0 saver saves
  exec {saves}< <(exec "$bin/vouch" --store "$room/$tablet" record new witness \
    --registration "$registration" --field name="A colleague" --repeat 100000)
  saver=$!
  : >"$room/printed"
  while read -r -u "$saves" id; do
    echo "$id" >>"$room/printed"
    count=$((count + 1))
    if ((count == 20)); then kill -9 "$saver"; fi
  done
  exec {saves}<&-
  wait "$saver" 2>/dev/null || true
  printed="$count"
  if ((printed < 20)); then fail "the tablet ended by itself"; fi
  ids_of "$tablet" witness | sort >"$room/kept"
  lost="$(sort "$room/printed" | comm -23 - "$room/kept" | wc -l)"
}

# The ids of all records of a kind, page by page.
ids_of() {
  local page="" said
  while :; do
    said="$(on "$1" --json record list --kind "$2" --page-size 500 \
      ${page:+--page "$page"})"
    python3 -c '
import json, sys
for record in json.load(sys.stdin)["records"]:
    print(record["id"])' <<<"$said"
    page="$(field next_page <<<"$said")"
    if [[ -z "$page" ]]; then return; fi
  done
}

# Every scope with its state hash, one a line.
hashes() { each "$1" scopes scope hash ledger | sort; }

leave_running() {
  cat <<KEPT

The server is still running (process $server_pid). To go on:
  export PATH="$bin:\$PATH" VOUCH_STORE="$room/south"
  vouch status
  vouch record list --registration $registration
  vouch portfolio show $registration
  vouch record new observation --help
  VOUCH_STORE="$room/north" vouch sync
  vouchd code new --data "$room/centre" --role assessor --name "Me"
  vouch --store "$room/mine" enrol $server CODE
To end it:
  kill $server_pid && rm -r "$room"
KEPT
  disown "$server_pid"
}
