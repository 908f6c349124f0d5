"""Rich text: written with links, and read back with every word and address in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmo_jira.adf import to_document, to_text

LINK = "https://xmo.example.com/a/k1.s2"


def test_a_text_becomes_paragraphs_with_links() -> None:
    document = to_document(f"Hello,\nhow was it?\n\nAnswer here: {LINK}.\n\n[xmo:AAAAAAAAAAAAAAAA]\n")
    assert document == {
        "type": "doc",
        "version": 1,
        "content": [
            {
                "type": "paragraph",
                "content": [
                    {"type": "text", "text": "Hello,"},
                    {"type": "hardBreak"},
                    {"type": "text", "text": "how was it?"},
                ],
            },
            {
                "type": "paragraph",
                "content": [
                    {"type": "text", "text": "Answer here: "},
                    {"type": "text", "text": LINK, "marks": [{"type": "link", "attrs": {"href": LINK}}]},
                    {"type": "text", "text": "."},
                ],
            },
            {"type": "paragraph", "content": [{"type": "text", "text": "[xmo:AAAAAAAAAAAAAAAA]"}]},
        ],
    }


@given(st.lists(st.text("ab :/.[]xmo\n", max_size=30) | st.sampled_from([LINK, "(https://a.b/c_d)", "https://"])))
def test_what_is_written_is_read_back_word_for_word(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert to_text(to_document(text)).split() == text.split()


@given(st.text())
def test_no_text_node_is_empty_for_jira_refuses_those(text: str) -> None:
    def nodes(node: Any) -> Any:
        yield node
        for inner in node.get("content", ()):
            yield from nodes(inner)

    assert all(node["text"] for node in nodes(to_document(text)) if node["type"] == "text")


def test_links_cards_and_mentions_give_their_addresses_and_names() -> None:
    marked = {"type": "text", "text": "here", "marks": [{"type": "link", "attrs": {"href": LINK}}, {"type": "strong"}]}
    card = {"type": "inlineCard", "attrs": {"url": "https://card.example.com"}}
    mention = {"type": "mention", "attrs": {"id": "5b", "text": "@Anna"}}
    text = to_text({"type": "doc", "content": [{"type": "paragraph", "content": [marked, card, mention]}]})
    assert text.split() == ["here", LINK, "https://card.example.com@Anna"]


def test_the_words_of_lists_and_tables_are_kept_apart() -> None:
    def block(kind: str, *inner: Any) -> Any:
        return {"type": kind, "content": list(inner)}

    def words(text: str) -> Any:
        return block("paragraph", {"type": "text", "text": text})

    listed = block("bulletList", block("listItem", words("one")), block("listItem", words("two")))
    table = block("table", block("tableRow", block("tableCell", words("a")), block("tableCell", words("b"))))
    assert to_text(block("doc", listed, table)).split() == ["one", "two", "a", "b"]


@pytest.mark.parametrize("body", [None, 7, [], {"type": "doc"}, {"content": None}, {"content": [None, 3, {}]}])
def test_what_is_no_document_has_no_words(body: Any) -> None:
    assert to_text(body) == ""


def test_plain_text_is_its_own() -> None:
    assert to_text("as it is") == "as it is"


def test_a_document_of_any_depth_is_read() -> None:
    node: Any = {"type": "text", "text": "deep"}
    for _ in range(5000):
        node = {"type": "blockquote", "content": [node]}
    assert to_text(node) == "deep"
