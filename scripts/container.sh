#!/usr/bin/env bash
# Entry point of the container (Dockerfile): gives its command ROS 2, the packages and the workspace.
set -eo pipefail # not -u: the files of ROS 2 use variables that are not set
. /opt/ros/jazzy/setup.bash
. /ws/venv/bin/activate
. /ws/install/setup.bash
exec "$@"
