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

"""The classes of messages by their names."""

import importlib
from typing import Any


def message_class(msgtype: str) -> type[Any] | None:
    """The class of a type such as ``sensor_msgs/msg/Image``; None where it is not installed."""
    package, _, name = msgtype.partition("/msg/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), name, None)
    except ImportError:
        return None


def fields_of(kind: type[Any]) -> list[tuple[str, str]]:
    """Names and types of the fields of a message class, in order."""
    return list(kind.get_fields_and_field_types().items())
