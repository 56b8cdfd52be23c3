# Finds and installs the Debian packages that Vouch needs. Sourced by
# deploy/quickstart, tests/run, tests/fuzz/run and .ci/run:
#
#   . "$root/deploy/lib/packages.sh"
#   vouch_packages_ensure build test
#
# As root, or with sudo, it installs what is missing, and asks nothing except
# the password that sudo may want on a terminal. With neither it prints the
# line to run and returns 1.

vouch_packages_file="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
vouch_packages_file+="/packages.txt"

# vouch_packages_needed GROUP…: the names in those groups, one a line. A group
# that the file lacks is a mistake of the caller: returns 1.
vouch_packages_needed() {
  local group
  for group in "$@"; do
    if ! grep -q "^\[$group\]" "$vouch_packages_file"; then
      echo "packages.txt has no group [$group]" >&2
      return 1
    fi
    awk -v want="[$group]" '
      { sub(/#.*/, "") }
      /^\[/ { inside = ($1 == want); next }
      inside && NF { print $1 }' "$vouch_packages_file"
  done
}

# vouch_packages_missing GROUP…: those not installed, one a line. A package
# that an installed one provides counts as there: other builds of Node.js
# bring npm within nodejs.
vouch_packages_missing() {
  local needed
  needed="$(vouch_packages_needed "$@")" || return 1
  awk 'NR == FNR { have[$1] = 1; next } !($1 in have)' \
    <(dpkg-query -W \
        -f='${db:Status-Status}\t${Package}, ${Provides}\n' 2>/dev/null |
        awk -F'\t' '$1 == "installed" {
          count = split($2, names, /, */)
          for (i = 1; i <= count; ++i) {
            sub(/[ :].*/, "", names[i])
            if (names[i] != "") print names[i]
          }
        }') \
    - <<<"$needed"
}

# vouch_packages_ensure GROUP…: says what is needed, installs what is missing.
vouch_packages_ensure() {
  local needed missing count
  needed="$(vouch_packages_needed "$@")" || return 1
  count="$(wc -l <<<"$needed")"
  if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian. What deploy/packages.txt lists for $* has to be"
    echo "there by other means; CMake names what it cannot find."
    return 0
  fi
  missing="$(vouch_packages_missing "$@")" || return 1
  if [[ -z "$missing" ]]; then
    echo "Packages: all $count are installed (deploy/packages.txt: $*)."
    return 0
  fi
  echo "Packages needed ($count, reasons in deploy/packages.txt):"
  fmt -w 76 <<<"$needed" | sed 's/^/  /'
  echo "Not installed yet ($(wc -l <<<"$missing")):"
  fmt -w 76 <<<"$missing" | sed 's/^/  /'

  local -a as_root
  if [[ "$(id -u)" == 0 ]]; then
    as_root=(env)
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n env)
  elif command -v sudo >/dev/null && [[ -t 0 ]]; then
    as_root=(sudo env)  # asks for the password, once
  else
    echo "Installing needs root, and there is no sudo to get it. Run as root:"
    # One line, so that it can be copied whole.
    echo "apt-get update && apt-get install -y --no-install-recommends" \
      $missing
    return 1
  fi
  as_root+=(DEBIAN_FRONTEND=noninteractive)
  "${as_root[@]}" apt-get -q update &&
    # shellcheck disable=SC2086  # one word a package
    "${as_root[@]}" apt-get -q install -y --no-install-recommends \
      -o DPkg::Lock::Timeout=120 $missing
}
