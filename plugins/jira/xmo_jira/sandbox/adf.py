"""The vendor's document format (ADF): text into documents, documents into text."""

from __future__ import annotations

import re
from typing import Any

_LINK = re.compile(r"https?://[^\s<>\]\")]+")
_BLOCKS = frozenset({"paragraph", "heading", "listItem", "codeBlock", "blockquote"})


def document(text: str) -> dict[str, Any]:
    """Return a document with one paragraph for each line of a text, its links marked as links."""
    lines = [{"type": "paragraph", "content": _inline(line)} for line in text.split("\n")]
    return {"type": "doc", "version": 1, "content": lines}


def is_document(body: Any) -> bool:
    """Tell whether a body is a document as far as its top: what the vendor refuses a comment for."""
    if not isinstance(body, dict) or body.get("type") != "doc" or body.get("version") != 1:
        return False
    return isinstance(body.get("content"), list) and all(isinstance(node, dict) for node in body["content"])


def text(node: Any) -> str:
    """Return the text of a document or of one of its nodes, a line for each block."""
    if not isinstance(node, dict):
        return ""
    if node.get("type") == "text":
        return str(node.get("text", ""))
    if node.get("type") == "hardBreak":
        return "\n"
    between = "" if node.get("type") in _BLOCKS else "\n"
    return between.join(text(part) for part in node.get("content", ()))


def _inline(line: str) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    end = 0
    for match in _LINK.finditer(line):
        if match.start() > end:
            nodes.append({"type": "text", "text": line[end : match.start()]})
        mark = {"type": "link", "attrs": {"href": match[0]}}
        nodes.append({"type": "text", "text": match[0], "marks": [mark]})
        end = match.end()
    return [*nodes, {"type": "text", "text": line[end:]}] if end < len(line) else nodes
