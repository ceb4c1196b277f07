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

"""One declared parameter: its default gives its type, a range or choices limit its values."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Value = bool | int | float | str

OF_RCLPY = ("use_sim_time", "start_type_description_service", "qos_overrides.")
"""Beginnings of names that every node has: rclpy declares them itself, or others for it."""

_TYPE_NAMES = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}


class ParameterError(ValueError):
    """A parameter is unknown or has a value that is not allowed; the message names it."""


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
            ParameterError: it has another type or is not allowed.
        """
        kind = type(self.default)
        if kind in (float, str) and type(value) is int:  # 4 for 4.0; camera '0' for "0"
            value = kind(value)
        in_range = True
        if type(value) is kind and isinstance(value, int | float) and self.low is not None:
            assert self.high is not None
            in_range = self.low <= value <= self.high
        if type(value) is not kind or not in_range or (self.choices and value not in self.choices):
            raise ParameterError(f"parameter '{self.name}' is {value!r}: expected {self.allowed}")
        return value


def closest(name: str, known: Iterable[str]) -> str:
    """Return a hint such as ": did you mean 'publish_rate'?" for a misspelt name, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f": did you mean '{close[0]}'?" if close else ""
