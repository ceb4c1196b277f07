# shellcheck shell=bash disable=SC2154
# Functions of scripts/setup.sh, which sets root, venv, ros, log and STEPS: messages, progress, stamps,
# choice of Python, system packages.

note() { printf 'note: %s\n' "$*" >&2; }

fail() {
  printf 'set-up failed: %s\n' "$*" >&2
  exit 1
}

# The Pythons that have a lock file for a mode, as "3.10 3.11 ...".
supported() {
  local file
  for file in requirements/lock/"$1"-*.txt; do
    file=${file##*-}
    printf '%s ' "${file%.txt}"
  done
}

# An installed ROS 2 is built for the system's Python; wheels take PYTHON or the first that fits.
find_python() {
  local candidate
  if [ -n "${PYTHON:-}" ]; then
    command -v "$PYTHON" || fail "PYTHON=$PYTHON: no such command"
    return
  fi
  if [ "$1" = installed-ros ]; then
    echo /usr/bin/python3
    return
  fi
  for candidate in python3 python3.12 python3.11 python3.13 python3.10; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
      2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  fail "no Python 3.10 to 3.13 found (python3 is: $(python3 --version 2>&1 || true))." \
    "Install one and name it: make PYTHON=/path/to/python3.11 ..."
}

# One hash over a text and the contents of files.
key_of() {
  local text=$1
  shift
  { printf '%s\n' "$text" && cat "$@"; } | sha256sum | cut -d ' ' -f 1
}

is_done() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }
mark_done() { printf '%s\n' "$2" >"$1"; }

# step NUMBER TITLE COMMAND: runs the command with its output in the log, shows what goes on.
step() {
  local number=$1 title=$2 command=$3 start=$SECONDS next=$((SECONDS + 20)) pid status=0
  printf '[%s/%s] %s\n' "$number" "$STEPS" "$title"
  # errexit holds in this subshell, because it is not part of a condition.
  set -m # a process group of its own, so that Ctrl-C ends all of it
  (set -e && "$command") >>"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  trap 'kill -- "-$pid" 2>/dev/null; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.5
    if [ -t 1 ]; then
      printf '\r\033[K      %s s  %.60s' "$((SECONDS - start))" "$(progress)"
    elif [ "$SECONDS" -ge "$next" ]; then
      printf '      %s s  %.60s\n' "$((SECONDS - start))" "$(progress)"
      next=$((next + 20))
    fi
  done
  wait "$pid" || status=$?
  trap - INT TERM
  [ ! -t 1 ] || printf '\r\033[K'
  if [ "$status" != 0 ]; then
    tail -n 15 "$log" | sed 's/^/      | /' >&2
    fail "step $number ($title) ended with exit status $status; the whole log: $log"
  fi
  printf '      done in %s s\n' "$((SECONDS - start))"
}

# One short line that tells where the running command is, out of its log.
progress() {
  local line
  line=$(grep -aE '^(Collecting|Installing|Starting|Finished) ' "$log" | tail -n 1 || true)
  case $line in
    Collecting*) echo "$(grep -ac '^Collecting' "$log") packages fetched" ;;
    Installing*) echo "installing" ;;
    *) echo "$line" ;;
  esac
}

# Installs Debian or Ubuntu packages, or prints the line to type.
install_system_packages() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    as_root=(sudo -n)
    sudo -n true 2>/dev/null || as_root=()
  fi
  if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || [ ${#as_root[@]} != 0 ]; }; then
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
  else
    echo "system packages are missing; type: sudo apt-get install -y $*"
    return 1
  fi
}

# Whether a package is in the sourced ROS 2 (not: in what an earlier set-up built).
has_ros_package() {
  local prefix IFS=:
  for prefix in ${AMENT_PREFIX_PATH:-}; do
    [ "$prefix" = "$ros/install" ] ||
      [ ! -f "$prefix/share/ament_index/resource_index/packages/$1" ] || return 0
  done
  return 1
}
