"""The script of the business rule, as the guide shows it, run with stand-ins for what ServiceNow offers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Need
from tests.hear.signing import SECRET, SIGNERS, call
from xmo_hooks import Refused

ROOT = Path(__file__).parents[2]
# What the platform documents: `generateMac(key in base64, algorithm, data)` returns base64.
STANDINS = """
var node = require('node:crypto');
var sent = {headers: {}};
var GlideStringUtil = {base64Encode: function (text) { return Buffer.from(text, 'utf8').toString('base64'); }};
var properties = {'xmo.webhook_secret': %(secret)s, 'xmo.webhook_url': 'https://x.example/hear/corp'};
var gs = {
    getProperty: function (name) { return properties[name]; },
    warn: function (text) { sent.warned = text; }
};
function %(signer)s() {}
%(signer)s.prototype.generateMac = function (key, algorithm, data) {
    if (algorithm !== 'HmacSHA256') { throw new Error(algorithm); }
    return node.createHmac('sha256', Buffer.from(key, 'base64')).update(data, 'utf8').digest('base64');
};
var sn_ws = {RESTMessageV2: function () {}};
sn_ws.RESTMessageV2.prototype = {
    setEndpoint: function (url) { sent.url = url; },
    setHttpMethod: function (method) { sent.method = method; },
    setRequestHeader: function (name, value) { sent.headers[name] = value; },
    setRequestBody: function (body) { sent.body = body; },
    setHttpTimeout: function (ms) {},
    execute: function () { return {getStatusCode: function () { return %(status)d; }}; }
};
var current = {
    getTableName: function () { return 'incident'; },
    getUniqueId: function () { return %(key)s; }
};
"""


def script() -> str:
    (found,) = re.findall(r"^```javascript\n(.*?)^```", (ROOT / "docs/admin.md").read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


def sent(need: Need, signer: str, status: int = 202) -> dict[str, Any]:
    node = shutil.which("node")
    need(node is not None, "no Node.js: the script of the business rule cannot be run")
    assert node is not None
    key = json.dumps(SIGNERS["servicenow"].key)
    facts = {"secret": json.dumps(SECRET), "signer": signer, "key": key, "status": status}
    program = f"{STANDINS % facts}{script()}console.log(JSON.stringify(sent));"
    done = subprocess.run([node, "-"], input=program, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("signer", ["GlideCertificateEncryption", "CertificateEncryption"])
def test_what_the_script_sends_is_believed(make: Callable[..., Any], need: Need, signer: str) -> None:
    told = sent(need, signer)
    assert (told["method"], told["url"]) == ("POST", "https://x.example/hear/corp")
    now = datetime.now(UTC)
    raw = told["body"].encode()
    heard = make("servicenow", webhook_secret=SECRET, now=now).hear(call(told["headers"], raw))
    assert heard.keys == (SIGNERS["servicenow"].key,)
    with pytest.raises(Refused):
        make("servicenow", webhook_secret="another", now=now).hear(call(told["headers"], raw))


def test_the_script_sends_nothing_of_the_record_and_no_secret(need: Need) -> None:
    told = sent(need, "GlideCertificateEncryption")
    assert json.loads(told["body"]) == {"table": "incident", "sys_id": SIGNERS["servicenow"].key}
    assert SECRET not in json.dumps(told)
    assert base64.b64encode(SECRET.encode()).decode() not in json.dumps(told)


def test_the_script_says_so_where_it_is_refused(need: Need) -> None:
    assert sent(need, "GlideCertificateEncryption", 401)["warned"].startswith("XMO answered 401")


def test_the_stand_in_signs_as_the_standard_does(need: Need) -> None:
    told = sent(need, "GlideCertificateEncryption")
    seconds, _, signature = told["headers"]["X-XMO-Signature"].removeprefix("t=").partition(",v1=")
    mac = hmac.new(SECRET.encode(), f"{seconds}.{told['body']}".encode(), hashlib.sha256).digest()
    assert signature == base64.b64encode(mac).decode()
