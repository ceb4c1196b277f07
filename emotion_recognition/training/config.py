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

"""Training configurations: a YAML file, read strictly into the frozen dataclasses of a stage.

The key ``stage`` names an entry of ``STAGES``; the other keys are the fields of its dataclass,
which is all the schema there is: nested dataclasses are nested keys, and where a field may be one
of several dataclasses, their first field (a ``Literal``) tells them apart. ``__post_init__`` checks
ranges by :func:`require`. ``sweep`` maps dotted keys to lists of values; every combination is run.
"""

import importlib
import itertools
import re
import types
import typing
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

T = TypeVar("T")

STAGES: Mapping[str, str] = types.MappingProxyType(
    {
        "frame_encoder": "emotion_recognition.training.frame_encoder:FrameEncoderTraining:run",
        "voice": "emotion_recognition.training.voice:Voice:run",
        "fusion": "emotion_recognition.training.fusion:Fusion:run",
        "audio_visual": "emotion_recognition.training.audio_visual:AudioVisual:run",
        "fine_tune": "emotion_recognition.training.fine_tune:FineTune:run",
    }
)
"""Module, dataclass of the options, and ``run(config, data, out, features, resume) -> Path``.

``data`` is the folder of the corpora, ``out`` that of the results, ``features`` that of what is
computed once from the corpora and kept. ``run`` returns the checkpoint that it wrote; a stage that
measures it writes ``report.json`` beside, and a table ``report.md``.
"""

Run = Callable[[Any, Path, Path, Path, bool], Path]


class ConfigError(ValueError):
    """A configuration cannot be used; the message names the dotted field and what is allowed."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field, self.problem = field, problem


@dataclass(frozen=True)
class Job:
    """One run: its stage, the options, and what sets it apart from the others of a sweep."""

    stage: str
    config: Any
    changes: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Such as ``learning_rate=0.01,weight_decay=0.001``; empty without a sweep."""
        return ",".join(f"{key.split('.')[-1]}={value}" for key, value in self.changes.items())


def require(ok: bool, field: str, found: object, allowed: str) -> None:
    """Raise the error that ``field`` of a dataclass has a value that is not allowed, unless ok."""
    if not ok:
        raise ConfigError(field, f"found {found!r}; allowed: {allowed}")


def read_jobs(path: Path, settings: Sequence[str] = ()) -> list[Job]:
    """Read a configuration file: one run, or those of its ``sweep``.

    Args:
        path: The YAML file.
        settings: ``key=value`` with a dotted key and a YAML value, in place of the file's. A key
            that the file sweeps over is swept no more.

    Raises:
        ConfigError: Something in it is unknown, missing, of the wrong type or out of its range.
        FileNotFoundError: There is no such file.
    """
    document = _mapping(_yaml(path.read_text(encoding="utf-8"), str(path)), str(path))
    sweep = _mapping(document.pop("sweep", {}), "sweep")
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not key or not equals:
            raise ConfigError("--set", f"found {setting!r}; allowed: KEY=VALUE")
        sweep.pop(key, None)
        _set(document, key, _yaml(value, f"--set {key}"))
    for key, values in sweep.items():
        if not isinstance(values, list) or not values or not all(_plain(item) for item in values):
            raise ConfigError(f"sweep.{key}", f"found {values!r}; allowed: a list of plain values")
    combinations = itertools.product(*sweep.values())
    return [_job(document, dict(zip(sweep, values, strict=True))) for values in combinations]


def stage_function(stage: str) -> Run:
    """Import what runs a stage."""
    module, _, function = _stage(stage)
    return typing.cast(Run, getattr(module, function))


def parse(kind: type[T], values: Any, where: str = "") -> T:
    """Return ``values``, as YAML gives them, as an instance of the dataclass ``kind``.

    Raises:
        ConfigError: They do not fit; ``where`` stands before the name of the field.
    """
    return typing.cast(T, _parse_fields(kind, values, where))


def _job(document: Mapping[str, Any], changes: Mapping[str, Any]) -> Job:
    options = deepcopy(dict(document))
    for key, value in changes.items():
        _set(options, key, value)
    if "stage" not in options:
        raise ConfigError("stage", f"missing; allowed: {', '.join(STAGES)}")
    stage = options.pop("stage")
    if stage not in STAGES:
        raise ConfigError("stage", _unknown(stage, STAGES))
    module, kind, _ = _stage(stage)
    return Job(stage, parse(getattr(module, kind), options), changes)


def _stage(stage: str) -> tuple[types.ModuleType, str, str]:
    module, kind, function = STAGES[stage].split(":")
    return importlib.import_module(module), kind, function


def _parse(kind: Any, value: Any, where: str) -> Any:
    origin, options = typing.get_origin(kind), typing.get_args(kind)
    if is_dataclass(kind):
        return _parse_fields(kind, value, where)
    if origin in (typing.Union, types.UnionType):
        return _parse_union(options, value, where)
    if origin is Literal:
        if not any(value == option and type(value) is type(option) for option in options):
            raise ConfigError(where, _unknown(value, options))
        return value
    if origin is tuple:
        return _parse_tuple(options, value, where)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ConfigError(where, f"found {_shown(value)}; allowed: {_TYPES[kind]}")
    return value


_TYPES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _parse_fields(kind: Any, value: Any, where: str) -> Any:
    values = _mapping(value, where)
    known = {field.name: field for field in fields(kind) if field.init}
    for key in values:
        if key not in known:
            raise ConfigError(_join(where, str(key)), f"no such key; {_allowed(key, known)}")
    types_of = typing.get_type_hints(kind)
    for name, field in known.items():
        if name not in values and field.default is MISSING and field.default_factory is MISSING:
            raise ConfigError(_join(where, name), "missing")
    arguments = {
        name: _parse(types_of[name], item, _join(where, name)) for name, item in values.items()
    }
    try:
        return kind(**arguments)
    except ConfigError as error:
        raise ConfigError(_join(where, error.field), error.problem) from None
    except ValueError as error:  # of a dataclass for others too: "fusion 'x' is unknown: ..."
        name, _, problem = str(error).partition(" ")
        if name not in known:
            raise ConfigError(where, str(error)) from error
        raise ConfigError(_join(where, name), problem) from error


def _parse_union(options: tuple[Any, ...], value: Any, where: str) -> Any:
    if type(None) in options and value is None:
        return None
    options = tuple(option for option in options if option is not type(None))
    if len(options) == 1:
        return _parse(options[0], value, where)
    tag = fields(options[0])[0].name
    named = {typing.get_args(typing.get_type_hints(kind)[tag])[0]: kind for kind in options}
    values = _mapping(value, where)
    if tag not in values:
        raise ConfigError(_join(where, tag), f"missing; allowed: {', '.join(named)}")
    if values[tag] not in named:
        raise ConfigError(_join(where, tag), _unknown(values[tag], named))
    return _parse_fields(named[values[tag]], values, where)


def _parse_tuple(options: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ConfigError(where, f"found {_shown(value)}; allowed: a list")
    if options[-1] is Ellipsis:
        options = options[:1] * len(value)
    if len(value) != len(options):
        raise ConfigError(where, f"found {len(value)} values; allowed: {len(options)}")
    items = enumerate(zip(options, value, strict=True))
    return tuple(_parse(kind, item, f"{where}[{index}]") for index, (kind, item) in items)


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(where, f"found {_shown(value)}; allowed: keys with values")
    return dict(value)


def _set(document: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for index, parent in enumerate(parents):
        child = _mapping(document.get(parent, {}), ".".join(parents[: index + 1]))
        document[parent] = child
        document = child
    document[last] = value


def _plain(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where and name else where or name


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)


def _unknown(found: Any, known: Iterable[Any]) -> str:
    return f"found {found!r}; {_allowed(found, known)}"


def _allowed(found: Any, known: Iterable[Any]) -> str:
    names = [str(name) for name in known]
    near = get_close_matches(str(found), names, 1)
    guess = f" - did you mean '{near[0]}'?" if near else ""
    return f"allowed: {', '.join(names)}{guess}"


class _Loader(yaml.SafeLoader):
    """Plain data alone; 1e-4 is a number, as in YAML 1.2, and the same key twice is an error."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands here twice", node.start_mark
                )
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def _yaml(text: str, source: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise ConfigError(source, f"no YAML: {error}") from error
