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

"""The API for people: a plain page out of the OpenAPI description, without scripts."""

import json
from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b2430;background:#fff}h2{margin-top:2.5rem;font-size:1.1rem}code,pre{font:.85rem/1.4 "
    "ui-monospace,monospace;background:#f0f3f6;border-radius:.3rem;padding:.1rem .3rem}"
    "pre{padding:.8rem;overflow:auto}table{border-collapse:collapse}td,th{text-align:left;"
    "padding:.2rem .8rem .2rem 0;vertical-align:top}.method{font-weight:700}"
)


def api_page(openapi: dict[str, Any]) -> str:
    """Return the page of an OpenAPI description."""
    parts = [
        f"<h1>{escape(openapi['info']['title'])} {escape(openapi['info']['version'])}</h1>",
        f"<p>{escape(openapi['info'].get('description', ''))}</p>",
        '<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI '
        f"{escape(openapi['openapi'])}).</p>",
    ]
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(method, path, operation, openapi))
    parts.append("<h1>Types</h1>")
    for name, schema in openapi["components"]["schemas"].items():
        parts.append(_schema(name, schema))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>API</title><style>{_STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any], openapi: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(code)}</td><td>{escape(answer.get('description', ''))}</td>"
        f"<td>{_types(answer)}</td></tr>"
        for code, answer in operation["responses"].items()
    )
    examples = "".join(
        f"<pre>{escape(json.dumps(example, indent=1))}</pre>"
        for code, answer in operation["responses"].items()
        if code.startswith("2")
        for example in _examples(answer, openapi)
    )
    return (
        f'<h2><span class="method">{method.upper()}</span> <code>{escape(path)}</code> '
        f"{escape(operation.get('summary', ''))}</h2>"
        f"<p>{escape(operation.get('description', ''))}</p>"
        f"{_curl(method, path, operation)}<table>{rows}</table>{examples}"
    )


def _curl(method: str, path: str, operation: dict[str, Any]) -> str:
    words = ["curl"]
    if method != "get":
        words += ["-X", method.upper()]
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        words += ["-F", "file=@clip.mp4"]
    elif "application/json" in content:
        words += ["--json", "'{…}'"]
    return f"<pre>{escape(' '.join([*words, 'http://127.0.0.1:8090' + path]))}</pre>"


def _types(answer: dict[str, Any]) -> str:
    return ", ".join(
        f"<code>{escape(media)}</code> {_reference(content.get('schema', {}))}"
        for media, content in answer.get("content", {}).items()
    )


def _examples(answer: dict[str, Any], openapi: dict[str, Any]) -> list[Any]:
    found = []
    for content in answer.get("content", {}).values():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        found += openapi["components"]["schemas"].get(name, {}).get("examples", [])
    return found


def _schema(name: str, schema: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{_reference(kind)}</td>"
        f"<td>{escape(kind.get('description', ''))}</td></tr>"
        for field, kind in schema.get("properties", {}).items()
    )
    about = escape(schema.get("description", ""))
    return f'<h2 id="{escape(name)}">{escape(name)}</h2><p>{about}</p><table>{rows}</table>'


def _reference(kind: dict[str, Any]) -> str:
    """Name a type, with a link to it."""
    if "$ref" in kind:
        name = escape(kind["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in kind:
        return " or ".join(map(_reference, kind["anyOf"]))
    if kind.get("type") == "array":
        return f"list of {_reference(kind.get('items', {}))}"
    if "enum" in kind:
        return escape(" | ".join(map(str, kind["enum"])))
    return escape(str(kind.get("type", kind.get("const", ""))))
