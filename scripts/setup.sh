#!/usr/bin/env bash
# Bring this checkout to where everything runs: a virtual environment in .venv with pinned packages,
# ROS 2 (the sourced installation, or wheels), and the built messages in build/ros. Does only what is
# not done yet. `make` calls it; see docs/install.md for the variables PYTHON, TORCH, TORCH_INDEX_URL.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup_lib.sh

PIP_VERSION=26.3
TORCH_VERSION=2.13.0
STEPS=6
root=$PWD venv=$PWD/.venv ros=$PWD/build/ros
torch=${TORCH:-cpu}

case $torch in cpu | cuda) ;; *) fail "TORCH=$torch: expected cpu (the default) or cuda" ;; esac

# --- which ROS 2, which Python -------------------------------------------------------------------
mode=wheels
if [ -n "${ROS_DISTRO:-}" ] && [ -d "/opt/ros/${ROS_DISTRO:-}" ]; then
  mode=installed-ros
else
  for folder in /opt/ros/*/; do
    [ ! -f "$folder/setup.sh" ] ||
      note "ROS 2 lies in $folder but is not sourced: using ROS 2 wheels. To use it, source it first."
  done
  [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail \
    "no ROS 2 wheels exist for $(uname -s) on $(uname -m), and no ROS 2 is sourced." \
    "Install ROS 2 (Humble, Jazzy or Kilted), source /opt/ros/<distro>/setup.bash, run this again."
fi
python=$(find_python "$mode")
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
lock=requirements/lock/$mode-$version.txt
[ -f "$lock" ] || fail "Python $version ($python) is not supported here:" \
  "$(supported "$mode") are. Name one: make PYTHON=python3.11 ..."

# --- what is done already ------------------------------------------------------------------------
environment_key=$(key_of \
  "$root $mode $version $torch ${TORCH_INDEX_URL:-} $TORCH_VERSION $PIP_VERSION" "$lock")
messages_key=$(key_of "$environment_key ${ROS_DISTRO:-}" CMakeLists.txt package.xml \
  scripts/entry_point.py.in scripts/setup.sh \
  msg/* interfaces/*/CMakeLists.txt interfaces/*/msg/* interfaces/*/*/CMakeLists.txt interfaces/*/*/msg/*)
if is_done "$venv/.environment" "$environment_key" && is_done "$ros/.messages" "$messages_key"; then
  exit 0
fi
mkdir -p build
log=$root/build/setup.log
: >"$log"
echo "Setting up emotion_recognition: Python $version, $mode, PyTorch $torch (log: build/setup.log)"

# --- the steps -----------------------------------------------------------------------------------
check_system_packages() {
  local missing=()
  command -v g++ >/dev/null || missing+=(g++)
  command -v make >/dev/null || missing+=(make)
  "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("python$version-venv")
  "$python" -c 'import pathlib, sysconfig
assert (pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists()' 2>/dev/null ||
    missing+=("python$version-dev")
  [ "$mode" = wheels ] || command -v colcon >/dev/null ||
    missing+=(python3-colcon-common-extensions)
  [ ${#missing[@]} = 0 ] || install_system_packages "${missing[@]}"
}

make_environment() {
  rm -rf "$venv" "$ros"
  if [ "$mode" = wheels ]; then
    "$python" -m venv "$venv"
  else
    "$python" -m venv --system-site-packages "$venv"
    touch "$venv/COLCON_IGNORE"
  fi
  "$venv/bin/python" -m pip install --quiet "pip==$PIP_VERSION" "$(grep '^setuptools==' "$lock")"
}

# --no-compile: step 6 compiles what a start imports; compiling all takes far longer.
install_packages() {
  "$venv/bin/python" -m pip install --no-compile --no-deps --no-build-isolation --requirement "$lock"
}

install_torch() {
  local index=() wanted=torch==$TORCH_VERSION
  [ -z "${TORCH_INDEX_URL:-}" ] || index=(--index-url "$TORCH_INDEX_URL")
  # Three equal signs: the registry's own build, not one with a local version such as +cpu.
  [ "$torch" = cpu ] || [ -n "${TORCH_INDEX_URL:-}" ] || wanted=torch===$TORCH_VERSION
  "$venv/bin/python" -m pip install --no-compile "${index[@]}" --constraint "$lock" "$wanted"
}

build_messages() {
  [ "$mode" = installed-ros ] || "$venv/bin/python" scripts/relocate_ros_wheels.py
  local name absent=()
  for name in audio_common_msgs hri_msgs; do
    has_ros_package "$name" || absent+=("interfaces/$name")
  done
  mkdir -p "$ros"
  . scripts/env.sh
  build_into "$ros/install" . "${absent[@]}"
  build_into "$ros/mgonzs13" interfaces/mgonzs13/audio_common_msgs
}

# A start imports some 1500 modules. Where the environment keeps Python from writing byte code, as in
# many containers, each start would compile them all again: 1.5 s of its 3.5 s.
write_byte_code() {
  . scripts/env.sh
  env -u PYTHONDONTWRITEBYTECODE "$venv/bin/python" -c '
import emotion_recognition.cli.estimate, emotion_recognition.nodes.emotion_node
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
Recognizer(RecognizerConfig())'
}

# Builds into folders of our own: a plain `colcon build` in this folder keeps build/ and install/.
build_into() {
  local install=$1 generator=()
  shift
  command -v ninja >/dev/null && generator=(-G Ninja)
  # Without a word about jobs colcon bounds the load, and a busy machine hardly builds at all.
  MAKEFLAGS=-j$(nproc) colcon --log-base "$ros/log" build --merge-install --symlink-install --install-base "$install" \
    --build-base "$ros/build-$(basename "$install")" --base-paths "$@" \
    --cmake-args -DBUILD_TESTING=OFF "${generator[@]}"
}

step 1 "System packages" check_system_packages
if ! is_done "$venv/.environment" "$environment_key"; then
  step 2 "Virtual environment in .venv" make_environment
  step 3 "Python packages ($(grep -vc '^#' "$lock"), versions of $lock)" install_packages
  step 4 "PyTorch $TORCH_VERSION ($torch)" install_torch
  if [ "$torch" = cpu ] && [ -d "$("$venv/bin/python" -c 'import sysconfig
print(sysconfig.get_path("purelib"))')/nvidia" ]; then
    note "no CPU build of PyTorch at your package index: took the one with CUDA (several GB)." \
      "For the small one set TORCH_INDEX_URL to a CPU wheel index, see docs/install.md."
  fi
  mark_done "$venv/.environment" "$environment_key"
fi
step 5 "Messages (colcon build into build/ros)" build_messages
step 6 "Byte code of what a start imports" write_byte_code
mark_done "$ros/.messages" "$messages_key"
echo "Set-up done in ${SECONDS} s. A shell with everything: . scripts/env.sh"
