# Copyright 2026 The emotion_recognition authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Serve the dashboard: recordings are analysed on a page, and the live graph where ROS 2 is."""

import argparse
import contextlib
import signal
from collections.abc import Sequence
from pathlib import Path

from emotion_recognition.dashboard.config import (
    SETTINGS,
    TOKEN_VARIABLE,
    DashboardConfig,
    token_for,
)
from emotion_recognition.extras import need_extra
from emotion_recognition.nodes.launching.graph import ARGUMENTS, remappings

_DEFAULTS = DashboardConfig()
_TOPICS = ("image", "audio", "namespace")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``emotion-recognition dashboard``."""
    parser.add_argument(
        "--host",
        default=_DEFAULTS.host,
        help="address to listen on (default: %(default)s); any that others can reach needs a "
        f"token: of --token-file, else of ${TOKEN_VARIABLE}, else a new one, which is printed",
    )
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="file with the token")
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="another site whose pages may call, such as http://localhost:5173",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name by which browsers call this machine",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument(
        "--redact",
        action="store_true",
        help="show estimates only: no images, faces or sound, live or of recordings",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep results on disk too, as DIR/ID.json"
    )
    for name, setting in SETTINGS.items():
        default = getattr(_DEFAULTS, name)
        parser.add_argument(
            "--" + name.replace("_", "-"),
            type=type(default),
            default=default,
            metavar="N",
            help=f"{setting.meaning} (default: {default:g})",
        )
    live = parser.add_argument_group("live view", "of a ROS graph, where ROS 2 is sourced")
    for argument in ARGUMENTS:
        if argument.name in _TOPICS:
            live.add_argument(
                "--" + argument.name,
                default=argument.default,
                help=f"{argument.description} (default: {argument.default or 'none'})",
            )
    live.add_argument(
        "--ros-args", nargs=argparse.REMAINDER, default=[], help="ROS arguments, last on the line"
    )


def main(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code.

    Raises:
        argparse.ArgumentError: A setting is not allowed.
        RuntimeError: The extra ``dashboard`` is not installed.
    """
    need_extra("dashboard")
    try:
        config = _config(options)
    except ValueError as error:
        raise argparse.ArgumentError(None, str(error)) from error
    try:
        from emotion_recognition.nodes.dashboard_bridge import serve
    except ImportError:
        print("dashboard: ROS 2 does not import: recordings only, no live view", flush=True)
        return _serve_recordings(config)
    return serve(config, _ros_arguments(options))


def _config(options: argparse.Namespace) -> DashboardConfig:
    return DashboardConfig(
        host=options.host,
        token=token_for(options.token_file, options.host),
        allowed_origins=tuple(options.allow_origin),
        allowed_hosts=tuple(options.allow_host),
        device=options.device,
        redact=options.redact,
        keep=options.keep,
        **{name: getattr(options, name) for name in SETTINGS},
    )


def _ros_arguments(options: argparse.Namespace) -> Sequence[str]:
    arguments = ["--ros-args"]
    for name, topic in remappings(options.image, options.audio):
        arguments += ["-r", f"{name}:={topic}"]
    if options.namespace:
        arguments += ["-r", f"__ns:=/{options.namespace.strip('/')}"]
    return arguments + options.ros_args


def _serve_recordings(config: DashboardConfig) -> int:
    from emotion_recognition.dashboard.app import Dashboard
    from emotion_recognition.dashboard.server import DashboardServer

    server = DashboardServer(Dashboard(config))
    print(f"dashboard: {server.url}", flush=True)
    # uvicorn shuts down at a signal, and then sends it to us once more.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    return 0
