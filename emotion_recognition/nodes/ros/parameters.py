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

"""Declares a node's parameters from a table, and says in words what is wrong with a value."""

from collections.abc import Mapping, Sequence
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from emotion_recognition.nodes.ros.spin import StartError
from emotion_recognition.settings import (
    PARAMETERS,
    Parameter,
    ParameterError,
    Settings,
    settings_from,
)
from emotion_recognition.settings.changes import check_change
from emotion_recognition.settings.parameter import OF_RCLPY, closest

_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def declare_settings(node: Node) -> Settings:
    """Declare the parameters of ``emotion_node`` on ``node`` and read them.

    Raises:
        StartError: a value is not allowed, or the values do not fit together.
    """
    declare(node, PARAMETERS, changeable=True)
    return read_settings(node)


def read_settings(node: Node) -> Settings:
    """Read the parameters of ``emotion_node`` as they are now.

    Raises:
        StartError: the values do not fit together.
    """
    try:
        return settings_from(_values(node))
    except ParameterError as error:
        raise StartError(str(error)) from error


def is_setting(name: str) -> bool:
    """Whether a parameter is one of ``emotion_node``, not one that every node has."""
    return name in _BY_NAME


def changed_settings(node: Node, changes: Mapping[str, Any], state: str) -> Settings:
    """Return what the settings of ``emotion_node`` become with new values of some parameters.

    Args:
        node: That the parameters are declared on.
        changes: New values by name; what is as it was may be among them.
        state: Of the node's lifecycle, such as ``active``.

    Raises:
        ParameterError: a parameter may not be changed in that state, a value is not allowed, or
            the values do not fit together.
    """
    now = _values(node)
    check_change((name for name, value in changes.items() if value != now.get(name)), state)
    checked = {name: _BY_NAME[name].checked(value) for name, value in changes.items()}
    return settings_from({**now, **checked})


def _values(node: Node) -> dict[str, Any]:
    return {name: node.get_parameter(name).value for name in _BY_NAME}


def declare(
    node: Node, parameters: Sequence[Parameter], changeable: bool = False
) -> dict[str, Any]:
    """Declare ``parameters`` on ``node`` and return their values by name.

    The node must have been made with ``automatically_declare_parameters_from_overrides=True``:
    so a misspelt name is seen (and warned about) instead of being ignored.

    Args:
        node: Where to.
        parameters: The table.
        changeable: Whether the node decides on changes; otherwise all are read-only.

    Raises:
        StartError: a value is not allowed; the message names the parameter and what is allowed.
    """
    overrides: dict[str, Any] = dict(node.get_parameters_by_prefix(""))
    given = {name: override.value for name, override in overrides.items()}
    known = {parameter.name for parameter in parameters}
    for name in given.keys() - known:
        if not name.startswith(OF_RCLPY):
            node.get_logger().warning(
                f"unknown parameter '{name}' is ignored{closest(name, known)}"
            )
    values: dict[str, Any] = {}
    for parameter in parameters:
        value = parameter.default
        if parameter.name in given:
            value = _checked(parameter, given[parameter.name])
            node.undeclare_parameter(parameter.name)
        node.declare_parameter(
            parameter.name, value, _descriptor(parameter, not changeable), ignore_override=True
        )
        values[parameter.name] = value
    return values


def _checked(parameter: Parameter, value: Any) -> Any:
    try:
        return parameter.checked(value)
    except ParameterError as error:
        raise StartError(
            f"{error}. Correct it in the parameter file or the command line and start again."
        ) from error


def _descriptor(parameter: Parameter, read_only: bool) -> ParameterDescriptor:
    """The descriptor that ``ros2 param describe`` shows."""
    descriptor = ParameterDescriptor(
        description=parameter.description,
        read_only=read_only,
        additional_constraints=parameter.allowed if parameter.choices else "",
    )
    if parameter.low is not None and parameter.high is not None:
        if isinstance(parameter.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(parameter.low), to_value=float(parameter.high))
            ]
        else:
            descriptor.integer_range = [
                IntegerRange(from_value=int(parameter.low), to_value=int(parameter.high))
            ]
    return descriptor
