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

"""A configuration of the recogniser, read strictly from YAML by the node's parameter names."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from emotion_recognition.settings import PARAMETERS, ParameterError, Settings, settings_from
from emotion_recognition.settings.parameter import OF_RCLPY, Value, closest

_NODE = "emotion_node"
_PARAMETERS = {parameter.name: parameter for parameter in PARAMETERS}


class ConfigurationError(ValueError):
    """A configuration cannot be used; the message names the file, the field and what is allowed."""


@dataclass(frozen=True)
class StudyConfiguration:
    """The settings of one run over recordings.

    Attributes:
        name: What tells it from others in files and tables, such as the stem of its file.
        values: All parameters of ``emotion_node`` by name.
    """

    name: str
    values: Mapping[str, Value]

    @property
    def settings(self) -> Settings:
        """The values as typed settings."""
        return settings_from(self.values)


def make_configuration(name: str = "default", **values: Value) -> StudyConfiguration:
    """Build a configuration from parameters; those that are not given have their defaults.

    Raises:
        ConfigurationError: a parameter is unknown, has a wrong type or is out of its range, or the
            values do not fit together.
    """
    try:
        checked = {name: _checked(name, value) for name, value in values.items()}
        merged = {name: checked.get(name, item.default) for name, item in _PARAMETERS.items()}
        settings_from(merged)
        if merged["cameras"]:
            raise ParameterError(
                f"parameter 'cameras' is '{merged['cameras']}', but of a recording one image topic "
                "is read: leave it empty, and choose a topic if there are several (--image-topic)"
            )
    except ParameterError as error:
        raise ConfigurationError(str(error)) from error
    return StudyConfiguration(name, merged)


def refuse_to_show(configurations: Sequence[StudyConfiguration], what: str) -> None:
    """Raise ``ConfigurationError`` if ``what`` shows people and a configuration redacts them."""
    for configuration in configurations:
        if configuration.values["redact"]:
            raise ConfigurationError(
                f"parameter 'redact' is true in '{configuration.name}', but {what} is asked for: "
                "leave out one of them"
            )


def load_configuration(path: Path) -> StudyConfiguration:
    """Read a configuration: parameters by name, or a parameter file of the node.

    In a parameter file of ROS 2 the sections of ``emotion_node`` and ``/**`` are read; those of
    other nodes are passed over.

    Raises:
        ConfigurationError: the file is no YAML, names a parameter twice or one that is unknown, or
            a value has a wrong type or is out of its range.
        OSError: the file cannot be read.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: no valid YAML: {error}") from error
    try:
        return make_configuration(path.stem, **_parameters({} if content is None else content))
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _checked(name: str, value: Any) -> Value:
    if name not in _PARAMETERS:
        hint, known = closest(name, _PARAMETERS), ", ".join(_PARAMETERS)
        raise ParameterError(f"unknown parameter '{name}'{hint} (of {known})")
    return _PARAMETERS[name].checked(value)


def _parameters(content: Any) -> dict[str, Any]:
    """The parameters of ``emotion_node`` in a file of either kind."""
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise ConfigurationError(f"found {content!r}: expected parameters as 'name: value'")
    if not any(isinstance(value, dict) for value in content.values()):
        return content
    sections = dict(_sections(content))
    named = [name for name in sections if name.rpartition("/")[2] == _NODE]
    if len(named) > 1:
        raise ConfigurationError(f"several sections of {_NODE}: {', '.join(named)}; leave one")
    wanted = [*(name for name in sections if name == "/**"), *named]
    if not wanted:
        found = ", ".join(sections) or "none"
        raise ConfigurationError(f"no section '{_NODE}' with 'ros__parameters'; found: {found}")
    merged = {key: value for name in wanted for key, value in sections[name].items()}
    return {key: value for key, value in merged.items() if not str(key).startswith(OF_RCLPY)}


def _sections(content: Mapping[str, Any], above: str = "") -> list[tuple[str, dict[str, Any]]]:
    """The sections of a parameter file by their full name; namespaces may be nested."""
    found: list[tuple[str, dict[str, Any]]] = []
    for name, value in content.items():
        full = f"{above}/{name.lstrip('/')}"
        if not isinstance(value, dict):
            raise ConfigurationError(f"'{name}' is {value!r}: expected a section of parameters")
        if "ros__parameters" in value:
            parameters = value["ros__parameters"]
            if not isinstance(parameters, dict | None):
                raise ConfigurationError(f"'ros__parameters' is {parameters!r}: expected a mapping")
            found.append((full, parameters or {}))
        else:
            found.extend(_sections(value, full))
    return found


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would keep the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"'{key}' stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)
