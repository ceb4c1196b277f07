# shellcheck shell=sh
# Source this from bash, zsh or sh (sh: in the repository root):   . scripts/env.sh
# Gives emotion-recognition, python, colcon and ros2 (if installed) in this shell. Harmless twice.

if [ -n "${BASH_VERSION:-}" ]; then
  # shellcheck disable=SC3028,SC3054
  _er_file=${BASH_SOURCE[0]}
elif [ -n "${ZSH_VERSION:-}" ]; then
  eval '_er_file=${(%):-%x}'
else
  _er_file=$PWD/scripts/env.sh
fi
_er_root=$(CDPATH='' cd -- "$(dirname -- "$_er_file")/.." 2>/dev/null && pwd)

# _er_prepend VARIABLE FOLDER: puts the folder first in a search path, unless it is there already.
_er_prepend() {
  eval "_er_old=\${$1:-}"
  case ":$_er_old:" in
    *":$2:"*) ;;
    *) export "$1=$2${_er_old:+:$_er_old}" ;;
  esac
}

_er_status=0
if [ ! -f "$_er_root/scripts/env.sh" ]; then
  echo "env.sh: in this shell, source it from the repository root: . scripts/env.sh" >&2
  _er_status=1
elif [ ! -x "$_er_root/.venv/bin/python" ]; then
  echo "env.sh: nothing is set up yet; type: make setup" >&2
  _er_status=1
else
  export VIRTUAL_ENV="$_er_root/.venv"
  _er_ros=$_er_root/build/ros/install
  if [ -e "$VIRTUAL_ENV/lib/librcl.so" ]; then # ROS 2 as wheels
    _er_libraries=$(find "$VIRTUAL_ENV/lib/" -maxdepth 3 -name 'ros_*.libs' | sort | tr '\n' ':')
    _er_prepend LD_LIBRARY_PATH "$VIRTUAL_ENV/lib:${_er_libraries%:}"
    _er_prepend AMENT_PREFIX_PATH "$VIRTUAL_ENV"
    _er_prepend CMAKE_PREFIX_PATH "$VIRTUAL_ENV"
    export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1 # the wheels would start Python a second time
    export ROS_VERSION="${ROS_VERSION:-2}" ROS_DISTRO="${ROS_DISTRO:-jazzy}"
  fi
  _er_prepend AMENT_PREFIX_PATH "$_er_ros"
  _er_prepend LD_LIBRARY_PATH "$_er_ros/lib"
  # The modules come from the checkout, only the generated messages from the build.
  _er_packages=$(find "$_er_ros/" -maxdepth 5 \( -name site-packages -o -name dist-packages \) 2>/dev/null) || :
  [ -z "$_er_packages" ] || _er_prepend PYTHONPATH "$_er_packages"
  _er_prepend PYTHONPATH "$_er_root"
  _er_prepend PATH "$_er_ros/bin"
  _er_prepend PATH "$VIRTUAL_ENV/bin"
  # Fast DDS: whole images fit into shared memory (docs/install.md). A profile of your own stays.
  export FASTRTPS_DEFAULT_PROFILES_FILE="${FASTRTPS_DEFAULT_PROFILES_FILE:-$_er_root/config/fastdds.xml}"
  export FASTDDS_DEFAULT_PROFILES_FILE="${FASTDDS_DEFAULT_PROFILES_FILE:-$FASTRTPS_DEFAULT_PROFILES_FILE}"
fi
unset _er_file _er_root _er_old _er_ros _er_libraries _er_packages
unset -f _er_prepend
[ "$_er_status" = 0 ]
