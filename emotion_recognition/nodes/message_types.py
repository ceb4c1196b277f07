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
