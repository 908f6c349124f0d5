"""What a source believes: what its vendor signed, as the vendor documents it, and within its time."""

from __future__ import annotations

import ast
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hear.conftest import NOW, Ear
from tests.hear.signing import SECRET, SIGNERS, Signer, call, jira_body, of_jira, of_servicenow, of_zendesk
from xmo_hooks import BadRecord, Call, Refused
from xmo_jira import webhooks as jira
from xmo_servicenow import webhooks as servicenow
from xmo_zendesk import webhooks as zendesk

ROOT = Path(__file__).parents[2]
SECOND = timedelta(seconds=1)


def refused(ear: Ear, call: Call) -> str:
    with pytest.raises(Refused) as error:
        ear.source.hear(call)
    return error.value.reason


def test_what_the_vendor_signed_names_its_ticket_and_when(ear: Ear) -> None:
    heard = ear.source.hear(ear.signer.call(NOW))
    assert (heard.keys, heard.at, heard.reason) == ((ear.signer.key,), NOW, "")


def test_the_vector_that_atlassian_publishes_is_accepted() -> None:
    # developer.atlassian.com/cloud/jira/platform/webhooks, "Testing the webhook payload validation"
    signature = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    with pytest.raises(BadRecord, match="not JSON"):  # proven, but its body is no event
        jira.hear(call({"X-Hub-Signature": signature}, b"Hello World!"), "It's a Secret to Everybody", NOW)
    with pytest.raises(Refused):
        jira.hear(call({"X-Hub-Signature": signature}, b"Hello World"), "It's a Secret to Everybody", NOW)


def test_a_signature_made_by_openssl_as_zendesk_documents_it_is_accepted() -> None:
    # The vendor publishes no signature of a body, but the time of an example and the secret of its test requests.
    # printf '%s' '2021-03-25T05:09:27Z{"ticket_id": 35436}' | openssl dgst -sha256 -hmac SECRET -binary | base64
    secret, stamp = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==", "2021-03-25T05:09:27Z"
    headers = {
        "X-Zendesk-Webhook-Signature": "+682z/6cOGkrDdjkBuAFOOpZhH2rc/aq8HVC4IWM+AQ=",
        "X-Zendesk-Webhook-Signature-Timestamp": stamp,
    }
    at = datetime(2021, 3, 25, 5, 9, 27, tzinfo=UTC)
    heard = zendesk.hear(call(headers, b'{"ticket_id": 35436}'), secret, at)
    assert (heard.keys, heard.at) == (("35436",), at)


def test_a_signature_made_by_openssl_as_our_script_makes_it_is_accepted() -> None:
    # printf '%s' '1769854530.{"table":"incident","sys_id":"…"}' | openssl dgst -sha256 -hmac SECRET -binary | base64
    body = b'{"table":"incident","sys_id":"9d385017c611228701d22104cc95c371"}'
    headers = {"X-XMO-Signature": "t=1769854530,v1=Ck+GnGG0H3QDydtLYLDzbb1cVhriV8lXTKIwDJI7eZ4="}
    at = datetime.fromtimestamp(1769854530, UTC)
    assert servicenow.hear(call(headers, body), "sample_key", at).keys == ("9d385017c611228701d22104cc95c371",)


def test_an_unsigned_call_is_forged(ear: Ear) -> None:
    assert refused(ear, Call(headers={}, body=ear.signer.call(NOW).body)) == "forged"


def test_a_call_that_is_signed_with_another_secret_is_forged(ear: Ear) -> None:
    assert refused(ear, ear.signer.call(NOW, "another secret")) == "forged"


def test_a_body_that_was_changed_after_signing_is_forged(ear: Ear) -> None:
    one = ear.signer.call(NOW)
    for body in (one.body.replace(b'"', b"'", 1), one.body + b" ", one.body[:-1], b""):
        assert refused(ear, replace(one, body=body)) == "forged"


def test_a_signature_in_any_other_writing_is_forged(ear: Ear) -> None:
    one = ear.signer.call(NOW)
    for name, value in one.headers.items():
        others = (value.upper(), value.swapcase(), f" {value}", f"{value}=", value[:-1], value[1:], "", "\udcff", "é")
        for other in others:
            if other != value:
                assert refused(ear, replace(one, headers={**one.headers, name: other})) == "forged"


def test_the_signature_of_one_call_proves_no_other(ear: Ear) -> None:
    other = ear.signer.body(ear.signer.key[::-1], NOW)
    assert refused(ear, replace(ear.signer.call(NOW), body=other)) == "forged"


def test_the_time_that_zendesk_signed_cannot_be_changed(make: Callable[..., Any]) -> None:
    source, one = make("zendesk", webhook_secret=SECRET), SIGNERS["zendesk"].call(NOW - timedelta(hours=1))
    fresh = of_zendesk(one.body, NOW)["X-Zendesk-Webhook-Signature-Timestamp"]
    with pytest.raises(Refused, match="signature"):
        source.hear(replace(one, headers={**one.headers, "x-zendesk-webhook-signature-timestamp": fresh}))


def test_the_time_that_servicenow_signed_cannot_be_changed(make: Callable[..., Any]) -> None:
    source, one = make("servicenow", webhook_secret=SECRET), SIGNERS["servicenow"].call(NOW - timedelta(hours=1))
    fresh = of_servicenow(one.body, NOW)["X-XMO-Signature"].partition(",")[0]
    header = f"{fresh},{one.headers['x-xmo-signature'].partition(',')[2]}"
    with pytest.raises(Refused, match="signature"):
        source.hear(replace(one, headers={"x-xmo-signature": header}))


def test_a_call_is_good_to_the_end_of_its_window_and_not_longer(ear: Ear) -> None:
    last = NOW - ear.signer.window
    assert ear.source.hear(ear.signer.call(last)).at == last
    assert refused(ear, ear.signer.call(last - SECOND)) == "expired"


def test_a_call_from_the_future_is_refused_but_for_clocks_that_differ_a_little(ear: Ear) -> None:
    skew = timedelta(minutes=5)
    assert ear.source.hear(ear.signer.call(NOW + skew)).at == NOW + skew
    assert refused(ear, ear.signer.call(NOW + skew + SECOND)) == "expired"


def test_without_a_secret_nothing_is_believed(signer: Signer, make: Callable[..., Any]) -> None:
    source = make(signer.name)
    for secret in ("", "None", SECRET):
        with pytest.raises(Refused) as error:
            source.hear(signer.call(NOW, secret))
        assert error.value.reason == "unset"


@pytest.mark.parametrize(
    "stamp", ["", "now", "2026-03-01T12:00:00", "2026-02-30T12:00:00Z", "0001-01-01T00:00:00+23:59"]
)
def test_a_signed_time_that_is_none_is_refused(make: Callable[..., Any], stamp: str) -> None:
    body = b'{"ticket_id": 1}'
    mac = hmac.new(SECRET.encode(), stamp.encode() + body, hashlib.sha256).digest()
    signature = base64.b64encode(mac).decode()
    signed = {"X-Zendesk-Webhook-Signature": signature, "X-Zendesk-Webhook-Signature-Timestamp": stamp}
    with pytest.raises(Refused) as error:
        make("zendesk", webhook_secret=SECRET).hear(call(signed, body))
    assert error.value.reason == "expired"


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ({"ticket_id": 50}, ("50",)),
        ({"ticket_id": "50", "title": "anything else"}, ("50",)),
        ({"type": "zen:event-type:ticket.created", "detail": {"id": "50"}}, ("50",)),
        ({"type": "zen:event-type:ticket.permanently_deleted", "detail": {"id": "50"}}, ("50",)),
        ({"type": "zen:event-type:user.created", "detail": {"id": "7"}}, ()),
    ],
)
def test_both_ways_in_which_zendesk_calls_are_understood(
    make: Callable[..., Any], body: dict[str, Any], keys: tuple[str, ...]
) -> None:
    raw = json.dumps(body).encode()
    heard = make("zendesk", webhook_secret=SECRET).hear(call(of_zendesk(raw, NOW), raw))
    assert (heard.keys, bool(heard.reason)) == (keys, not keys)


SIGNED_NONSENSE = [b"", b"null", b"[]", b"5", b"{", b"\xff", b"{}", b'{"ticket_id": "x"}', b'{"ticket_id": true}']
SIGNED_NONSENSE += [
    b'{"sys_id": 5}',
    b'{"sys_id": "../incident"}',
    b'{"type": "zen:event-type:ticket.created"}',
    b"[" * 5000,
]
SIGNED_NONSENSE += [b'{"timestamp": 1e400, "webhookEvent": "x"}', b'{"timestamp": -1, "webhookEvent": "x"}']


@pytest.mark.parametrize("body", SIGNED_NONSENSE)
def test_what_is_signed_and_says_nothing_is_named_by_its_field_and_never_quoted(ear: Ear, body: bytes) -> None:
    with pytest.raises(BadRecord) as error:
        ear.source.hear(call(ear.signer.sign(body, NOW), body))
    assert SECRET not in str(error.value)


def test_an_event_of_an_issue_must_name_it(make: Callable[..., Any]) -> None:
    issues: list[Any] = [{}, {"id": "SUP-1"}, {"id": 10040}, None, []]
    for issue in issues:
        body = json.loads(jira_body("1", NOW)) | {"issue": issue}
        raw = json.dumps(body).encode()
        with pytest.raises(BadRecord, match="issue"):
            make("jira", webhook_secret=SECRET).hear(call(of_jira(raw, NOW), raw))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "detail", "id", "ticket_id", "sys_id", "timestamp", "webhookEvent", "issue"]),
            inner,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(body=_JSON)
@pytest.mark.parametrize("name", list(SIGNERS))
def test_whatever_is_signed_is_heard_refused_or_not_understood(name: str, body: Any) -> None:
    hear = {"jira": jira.hear, "zendesk": zendesk.hear, "servicenow": servicenow.hear}[name]
    raw = json.dumps(body).encode()
    try:
        heard = hear(call(SIGNERS[name].sign(raw, NOW), raw), SECRET, NOW)
    except (Refused, BadRecord):
        return
    assert all(isinstance(key, str) and key for key in heard.keys)
    assert heard.keys or heard.reason


def _equalities(tree: ast.AST) -> list[str]:
    """The comparisons by == or != or `in` of something that is called after a signature."""
    wrong = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
    words = ("sign", "given", "mac", "digest", "secret")
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Compare) and isinstance(node.ops[0], wrong)]
    return [text for node in found if any(word in (text := ast.unparse(node)).lower() for word in words)]


def test_signatures_are_compared_in_constant_time() -> None:
    modules = sorted(ROOT.glob("plugins/*/xmo_*/webhooks.py"))
    assert len(modules) == len(SIGNERS)
    for module in modules:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert "hmac.compare_digest" in calls, module
        assert _equalities(tree) == [], module
    assert _equalities(ast.parse("if signature == given: pass")) == ["signature == given"]
