"""Declares a node's parameters from a table, and says in words what is wrong with a value."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from emotion_recognition.nodes.spin import StartError

Value = bool | int | float | str

# Declared by rclpy itself, or for it.
_OF_RCLPY = ("use_sim_time", "start_type_description_service", "qos_overrides.")
_TYPE_NAMES = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}


@dataclass(frozen=True)
class Parameter:
    """One parameter: its default gives its type; a range or the choices limit its values."""

    name: str
    default: Value
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The allowed values in words, such as 'a number from 0.5 to 30'."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        kind = _TYPE_NAMES[type(self.default)]
        return kind if self.low is None else f"{kind} from {self.low:g} to {self.high:g}"

    def checked(self, value: Any) -> Value:
        """Return ``value`` as this parameter's type; an integer will do for a number or a text.

        Raises:
            StartError: it has another type or is not allowed.
        """
        kind = type(self.default)
        if kind in (float, str) and type(value) is int:  # 4 for 4.0; camera '0' for "0"
            value = kind(value)
        in_range = True
        if type(value) is kind and isinstance(value, int | float) and self.low is not None:
            assert self.high is not None
            in_range = self.low <= value <= self.high
        if type(value) is not kind or not in_range or (self.choices and value not in self.choices):
            raise StartError(
                f"parameter '{self.name}' is {value!r}: expected {self.allowed}. "
                "Correct it in the parameter file or the command line and start again."
            )
        return value

    @property
    def descriptor(self) -> ParameterDescriptor:
        """The descriptor that ``ros2 param describe`` shows; every parameter is read-only."""
        descriptor = ParameterDescriptor(
            description=self.description,
            read_only=True,
            additional_constraints=self.allowed if self.choices else "",
        )
        if self.low is not None and self.high is not None:
            if isinstance(self.default, float):
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(self.low), to_value=float(self.high))
                ]
            else:
                descriptor.integer_range = [
                    IntegerRange(from_value=int(self.low), to_value=int(self.high))
                ]
        return descriptor


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
        if not name.startswith(_OF_RCLPY):
            close = difflib.get_close_matches(name, known, n=1)
            hint = f": did you mean '{close[0]}'?" if close else ""
            node.get_logger().warning(f"unknown parameter '{name}' is ignored{hint}")
    values: dict[str, Any] = {}
    for parameter in parameters:
        value = parameter.default
        if parameter.name in given:
            value = parameter.checked(given[parameter.name])
            node.undeclare_parameter(parameter.name)
        node.declare_parameter(parameter.name, value, parameter.descriptor, ignore_override=True)
        values[parameter.name] = value
    return values
