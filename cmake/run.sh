# What examples/run and tests/run share: packages, one build of one preset, and one voice.
# Sourced, not run. Expects `root`, the project's folder, and `program`, the name to speak under.
# Everything here is said on stderr: stdout belongs to the program that is run in the end.

say() { printf '%s: %s\n' "$program" "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

# packages GROUP...: the names that cmake/packages.txt lists under these groups.
packages() {
  awk -v groups=" $* " '
    { sub(/#.*/, "") }
    /^\[/ { wanted = index(groups, " " substr($1, 2, length($1) - 2) " ") > 0; next }
    NF && wanted { print $1 }' "$root/cmake/packages.txt"
}

# missing_packages GROUP...: those of them that are not installed.
missing_packages() {
  local names
  mapfile -t names < <(packages "$@")
  dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "${names[@]}" 2>/dev/null |
    awk -v names="${names[*]}" '
      $1 == "installed" { have[$2] = 1 }
      END { n = split(names, name, " "); for (i = 1; i <= n; i++) if (!(name[i] in have)) print name[i] }'
}

# install_missing GROUP...: nothing at all when nothing is missing; apt-get as root, or by sudo, when
# something is.
install_missing() {
  command -v dpkg-query >/dev/null ||
    fail "this script knows Debian's packages only; install what cmake/packages.txt lists, then use cmake --preset default"
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "not installed, and neither root nor sudo is at hand to do it: ${missing[*]}"
    as_root=(sudo)
    [[ -t 0 ]] || as_root+=(--non-interactive)
  fi
  as_root+=(env DEBIAN_FRONTEND=noninteractive)
  mkdir -p "$root/build"
  log=$root/build/packages.log
  : >"$log"
  step "asking for Debian's package lists" "${as_root[@]}" apt-get update
  step "installing ${missing[*]}" "${as_root[@]}" apt-get install --yes --no-install-recommends "${missing[@]}"
}

# step WHAT COMMAND...: runs it with its output in $log, and a line on stderr that says what goes on.
# On a terminal the line follows the command's own. When it fails: the end of the log, and exit 1.
step() {
  local what=$1 began=$SECONDS status=0
  shift
  if [[ -t 2 ]]; then
    "$@" </dev/null 2>&1 | tee -a "$log" | while IFS= read -r line; do
      printf '\r\033[K%s: %s  %.60s' "$program" "$what" "$line" >&2
    done || status=$?  # with pipefail: the command's
    printf '\r\033[K' >&2
  else
    say "$what ..."
    "$@" </dev/null >>"$log" 2>&1 || status=$?
  fi
  if ((status != 0)); then
    tail -n 40 "$log" >&2
    fail "$what failed (all of its output: ${log#"$root"/})"
  fi
  say "$what: done in $((SECONDS - began)) s"
}

# build PRESET [TARGET...]: configures and builds, into build/PRESET. Two calls at once wait for one
# another.
build() {
  local folder=$root/build/$1
  mkdir -p "$folder"
  log=$folder/run.log
  exec 9>"$folder/run.lock"
  flock 9
  : >"$log"
  step "building $1" configure_and_build "$@"
  exec 9>&-
}

configure_and_build() {
  local preset=$1 folder=$root/build/$1
  shift
  "${prefix[@]}" cmake -S "$root" --preset "$preset" &&
    "${prefix[@]}" cmake --build "$folder" --parallel "$(nproc)" ${1:+--target "$@"}
}

# Put before each command of a build; tests/run fills it where a sanitizer needs it.
prefix=()
