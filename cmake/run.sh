# Functions of examples/run and tests/run, which source this file: install packages, build one preset.
# The caller sets `root`, the project's folder, and `program`, the name in front of messages.
# All messages go to stderr: stdout belongs to the program that runs in the end.

say() { printf '%s: %s\n' "$program" "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

# packages GROUP...: prints the names that cmake/packages.txt lists under these groups.
packages() {
  awk -v groups=" $* " '
    { sub(/#.*/, "") }
    /^\[/ { wanted = index(groups, " " substr($1, 2, length($1) - 2) " ") > 0; next }
    NF && wanted { print $1 }' "$root/cmake/packages.txt"
}

# missing_packages GROUP...: prints those of them that are not installed.
missing_packages() {
  local names
  mapfile -t names < <(packages "$@")
  dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "${names[@]}" 2>/dev/null |
    awk -v names="${names[*]}" '
      $1 == "installed" { have[$2] = 1 }
      END { n = split(names, name, " "); for (i = 1; i <= n; i++) if (!(name[i] in have)) print name[i] }'
}

# install_missing GROUP...: installs the missing packages with apt-get, as root or with sudo.
install_missing() {
  command -v dpkg-query >/dev/null ||
    fail "this script needs Debian; elsewhere, install the packages of cmake/packages.txt and run cmake --preset default"
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "these packages are missing, and only root or sudo can install them: ${missing[*]}"
    as_root=(sudo)
    [[ -t 0 ]] || as_root+=(--non-interactive)
  fi
  as_root+=(env DEBIAN_FRONTEND=noninteractive)
  mkdir -p "$root/build"
  log=$root/build/packages.log
  : >"$log"
  step "updating the package lists" "${as_root[@]}" apt-get update
  step "installing ${missing[*]}" "${as_root[@]}" apt-get install --yes --no-install-recommends "${missing[@]}"
}

# step WHAT COMMAND...: runs the command with its output in $log, and shows one line about it on stderr.
# On a terminal the line follows the command's output. If the command fails, shows the end of the log and
# exits 1.
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
    fail "$what failed (its output: ${log#"$root"/})"
  fi
  say "$what: done in $((SECONDS - began)) s"
}

# build PRESET [TARGET...]: configures and builds into build/PRESET. Concurrent calls run one after the other.
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

# Precedes each command of a build. tests/run sets it for the sanitizers.
prefix=()
