"""Atlassian's document format: rich text as a tree of nodes."""

import re
from collections.abc import Iterator
from typing import Any

_URL = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}'’”]")
_BLOCKS = frozenset({"paragraph", "heading", "codeBlock", "listItem", "blockquote", "rule", "hardBreak", "tableCell"})

Node = dict[str, Any]


def to_text(body: Any) -> str:
    """Return the words of a comment's body, with the addresses of its links: plain text as it is, a document as the
    text of its nodes."""
    if isinstance(body, str):
        return body
    pieces: list[str] = []
    stack = [body]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(text := node.get("text"), str):
                pieces.append(text)
            if "attrs" in node or "marks" in node:
                pieces += _beside(node, text)
            if node.get("type") in _BLOCKS:
                stack.append("\n")
            if isinstance(content := node.get("content"), list):
                stack += content[::-1]
        elif isinstance(node, str):
            pieces.append(node)
    return "".join(pieces).strip()


def _beside(node: Node, text: Any) -> Iterator[str]:
    """Yield what a node says beside its text: inline cards hold an address, mentions and emojis a text."""
    attributes = node.get("attrs")
    if isinstance(attributes, dict):
        yield from (value for key in ("text", "url") if isinstance(value := attributes.get(key), str))
    for mark in _list(node.get("marks")):
        href = mark["attrs"].get("href") if isinstance(mark, dict) and isinstance(mark.get("attrs"), dict) else None
        if isinstance(href, str) and href != text:
            yield f" {href} "


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def to_document(text: str) -> Node:
    """Return a text as a document: an empty line ends a paragraph, an address becomes a link."""
    blocks = [block for block in re.split(r"\n{2,}", text.strip()) if block]
    return {"type": "doc", "version": 1, "content": [_paragraph(block) for block in blocks]}


def _paragraph(block: str) -> Node:
    content: list[Node] = []
    for number, line in enumerate(block.split("\n")):
        if number:
            content.append({"type": "hardBreak"})
        content += _line(line)
    return {"type": "paragraph", "content": content}


def _line(line: str) -> Iterator[Node]:
    end = 0
    for found in _URL.finditer(line):
        if before := line[end : found.start()]:
            yield {"type": "text", "text": before}
        link = {"type": "link", "attrs": {"href": found[0]}}
        yield {"type": "text", "text": found[0], "marks": [link]}
        end = found.end()
    if rest := line[end:]:
        yield {"type": "text", "text": rest}
