"""The library that talks to real instances talks to the sandbox."""

import json
from typing import Any

import pysnow
import pytest
import requests

from tests.servicenow_sandbox.support import Served


@pytest.fixture
def client(desk: Served) -> Any:
    session = requests.Session()
    session.auth = ("xmo", "sandbox")
    with pysnow.Client(host=desk.url.removeprefix("http://"), use_ssl=False, session=session) as client:
        yield client


def test_get_brings_rows_and_the_total(client: Any) -> None:
    incidents = client.resource(api_path="/table/incident")
    response = incidents.get(query="state=6^ORDERBYnumber", limit=1, fields=["number", "state"], display_value=True)
    assert response.all() == [{"number": "INC5", "state": "Resolved"}]
    assert response.headers["X-Total-Count"] == "2"


def test_its_query_builder_is_understood(client: Any) -> None:
    query = pysnow.QueryBuilder().field("state").equals(["6"]).AND().field("number").ends_with("6")
    query = query.AND().field("reassignment_count").greater_than(3).AND().field("number").order_descending()
    (row,) = client.resource(api_path="/table/incident").get(query=query).all()
    assert row["number"] == "INC6"


def test_patch_by_request_writes_a_comment(client: Any, desk: Served) -> None:
    key = desk.incident("INC5")["sys_id"]
    incidents = client.resource(api_path="/table/incident")
    response = incidents.request("PATCH", f"/{key}", data=json.dumps({"comments": "How did it go?"}))
    assert response.one()["sys_id"] == key
    assert [entry["text"] for entry in desk.journal()] == ["How did it go?"]


def test_update_finds_its_record_and_puts_it(client: Any, desk: Served) -> None:
    client.resource(api_path="/table/incident").update({"number": "INC1"}, {"correlation_id": "x"})
    assert desk.incident("INC1")["correlation_id"] == "x"


def test_it_does_not_notice_a_page_that_was_cut_off(client: Any, desk: Served) -> None:
    desk.faults(cancelled=1)
    incidents = client.resource(api_path="/table/incident")
    with pytest.raises(pysnow.exceptions.MissingResult):
        incidents.get().all()
    assert len(incidents.get().all()) == 3
    with pytest.raises(requests.exceptions.JSONDecodeError):
        incidents.get().all()


def test_a_token_of_its_own_log_in_works(desk: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    host = desk.url.removeprefix("http://")
    client = pysnow.OAuthClient(client_id="xmo", client_secret="sandbox", host=host, use_ssl=False)
    client.set_token(client.generate_token("xmo", "sandbox"))
    assert client.resource(api_path="/table/incident").get(query={"number": "INC1"}).one()["number"] == "INC1"
