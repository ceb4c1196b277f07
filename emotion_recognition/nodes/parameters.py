"""Declares a node's parameters from a table, and says in words what is wrong with a value."""

from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from emotion_recognition.nodes.spin import StartError
from emotion_recognition.settings import (
    PARAMETERS,
    Parameter,
    ParameterError,
    Settings,
    settings_from,
)
from emotion_recognition.settings.parameter import OF_RCLPY, closest


def declare_settings(node: Node) -> Settings:
    """Declare the parameters of ``emotion_node`` on ``node`` and read them.

    Raises:
        StartError: a value is not allowed, or the values do not fit together.
    """
    values = declare(node, PARAMETERS)
    try:
        return settings_from(values)
    except ParameterError as error:
        raise StartError(str(error)) from error


def declare(node: Node, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Declare ``parameters`` on ``node`` and return their values by name.

    The node must have been made with ``automatically_declare_parameters_from_overrides=True``:
    so a misspelt name is seen (and warned about) instead of being ignored.

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
        node.declare_parameter(parameter.name, value, _descriptor(parameter), ignore_override=True)
        values[parameter.name] = value
    return values


def _checked(parameter: Parameter, value: Any) -> Any:
    try:
        return parameter.checked(value)
    except ParameterError as error:
        raise StartError(
            f"{error}. Correct it in the parameter file or the command line and start again."
        ) from error


def _descriptor(parameter: Parameter) -> ParameterDescriptor:
    """The descriptor that ``ros2 param describe`` shows; every parameter is read-only."""
    descriptor = ParameterDescriptor(
        description=parameter.description,
        read_only=True,
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
