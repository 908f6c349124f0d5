"""What a client may ask for: filters, order, paging, and what is dropped without a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servicenow_sandbox.conftest import Replay
from tests.servicenow_sandbox.support import Served, life
from xmo_servicenow.sandbox.query import Row, parse

STAMPS = [f"2016-03-01 08:00:0{n}" for n in range(4)]
ALL = [f"INC{n}" for n in range(1, 7)]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", ALL),
        ("state=6", ["INC5", "INC6"]),
        ("state!=6", ["INC1", "INC2", "INC3", "INC4"]),
        ("state=6^number=INC5", ["INC5"]),
        ("number=INC1^ORnumber=INC2^state=2", ["INC1", "INC2"]),
        ("state=6^number=INC5^NQnumber=INC1", ["INC1", "INC5"]),
        ("numberININC1,INC3,INC9", ["INC1", "INC3"]),
        ("numberNOT ININC1,INC3", ["INC2", "INC4", "INC5", "INC6"]),
        ("numberLIKEC4", ["INC4"]),
        ("numberLIKEc4", []),
        ("numberNOT LIKEC4^state=2", ["INC1", "INC2", "INC3"]),
        ("short_descriptionSTARTSWITHCategory 20^numberENDSWITH2", ["INC2"]),
        ("resolved_atISEMPTY", ["INC1", "INC2", "INC3", "INC4"]),
        ("resolved_atISNOTEMPTY", ["INC5", "INC6"]),
        ("resolved_at=", ["INC1", "INC2", "INC3", "INC4"]),
        ("reassignment_count>8", ["INC5", "INC6"]),
        ("reassignment_count>=10^reassignment_count<12", ["INC5"]),
        ("reassignment_count<=4", ["INC1", "INC2"]),
        ("caller_id.email=caller-2@example.com", ["INC3", "INC4"]),
        ("caller_id.location.nameLIKE93^numberININC1", ["INC1"]),
        ("opened_at<2016-03-01 07:00:01", ALL),
        ("opened_at<2016-03-01", []),
        ("sys_updated_on>2016-03-01 09:00:00", []),
        ("sys_updated_on>=2016-03-01 09:00:00^state=6", ["INC5", "INC6"]),
        ("sys_updated_on=2016-03-01 09:00:00^number=INC1", ["INC1"]),
        ("sys_updated_on<2016-03-01 09:00:00^ORnumber=INC1", ["INC1"]),
        ("sys_updated_on>javascript:gs.dateGenerate('2016-03-01','08:59:59')^number=INC2", ["INC2"]),
        ('sys_updated_on>javascript:gs.dateGenerate("2016-03-01 09:00:00")', []),
    ],
)
def test_a_query_selects_what_it_says(desk: Served, query: str, numbers: list[str]) -> None:
    assert sorted(desk.numbers(query)) == numbers


@pytest.mark.parametrize(
    "typo",
    [
        "sys_updated>2030-01-01",
        "caller.email=x",
        "caller_id.mail=x",
        "numberRESEMBLESx",
        "sys_updated_on>soon",
        "state",
    ],
)
def test_a_clause_that_is_not_understood_is_dropped_and_the_rest_runs(desk: Served, typo: str) -> None:
    assert sorted(desk.numbers(typo)) == ALL
    assert sorted(desk.numbers(f"{typo}^state=6")) == ["INC5", "INC6"]
    assert desk.numbers(f"{typo}^ORnumber=INC2^state=2") == ["INC2"]
    assert sorted(desk.numbers(f"state=6^NQ{typo}")) == ["INC5", "INC6"]


def test_order_goes_by_number_where_the_column_is_one(desk: Served) -> None:
    assert desk.numbers("ORDERBYreassignment_count") == ALL
    assert desk.numbers("ORDERBYDESCreassignment_count") == ALL[::-1]
    assert desk.numbers("ORDERBYstate^ORDERBYDESCnumber") == ["INC4", "INC3", "INC2", "INC1", "INC6", "INC5"]
    assert desk.numbers("ORDERBYcaller_id.name^ORDERBYDESCnumber") == ["INC2", "INC1", "INC4", "INC3", "INC6", "INC5"]
    assert desk.numbers("ORDERBYnonsense^ORDERBYnumber") == ALL


def test_without_a_query_other_parameters_are_filters(desk: Served) -> None:
    response = desk.get("/api/now/table/incident", state="6", number="INC6", nonsense="1")
    assert [row["number"] for row in response.json()["result"]] == ["INC6"]


def test_keyset_paging_brings_every_row_of_one_second_once(desk: Served) -> None:
    seen: list[str] = []
    at, key = "2016-01-01 00:00:00", ""
    while rows := desk.rows(_behind(at, key), sysparm_limit=2):
        seen += [row["number"] for row in rows]
        at, key = rows[-1]["sys_updated_on"], rows[-1]["sys_id"]
    assert sorted(seen) == ALL


def test_plain_dates_are_read_in_the_users_time_zone(replay: Replay) -> None:
    desk = replay(life("INC1", ("New", "1/7/2016 12:00")))
    assert desk.numbers("sys_updated_on=2016-07-01 12:00:00") == ["INC1"]
    desk.put("user", {"time_zone": "Asia/Kolkata"})
    assert desk.numbers("sys_updated_on=2016-07-01 12:00:00") == []
    assert desk.numbers("sys_updated_on=2016-07-01 17:30:00") == ["INC1"]
    assert desk.numbers("sys_updated_on=javascript:gs.dateGenerate('2016-07-01','17:30:00')") == ["INC1"]
    assert desk.rows()[0]["sys_updated_on"] == "2016-07-01 12:00:00"
    assert desk.rows(sysparm_display_value="true")[0]["sys_updated_on"] == "2016-07-01 17:30:00"


@given(
    st.lists(st.tuples(st.sampled_from(STAMPS), st.integers(0, 9)), unique=True),
    st.sampled_from(STAMPS),
    st.integers(0, 9),
)
def test_what_lies_behind_a_place_is_what_sorts_after_it(places: list[tuple[str, int]], at: str, key: int) -> None:
    rows: list[Row] = [{"sys_updated_on": stamp, "sys_id": f"{n}"} for stamp, n in sorted(places)]
    query = parse(_behind(at, str(key)), lambda name: lambda row: row[name])
    assert query.select(rows) == [row for row in rows if (row["sys_updated_on"], row["sys_id"]) > (at, str(key))]


OPERATORS = {
    "=": str.__eq__,
    "!=": str.__ne__,
    ">": str.__gt__,
    ">=": str.__ge__,
    "<": str.__lt__,
    "<=": str.__le__,
}
Conditions = list[list[tuple[str, str, str]]]


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["sys_updated_on", "number"]), st.sampled_from(list(OPERATORS)), st.sampled_from(STAMPS)
            ),
            min_size=1,
            max_size=3,
        ),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.sampled_from(STAMPS)),
)
def test_groups_and_bounds_mean_what_plain_comparison_means(groups: Conditions, stamps: list[str]) -> None:
    rows: list[Row] = [
        {"sys_updated_on": stamp, "sys_id": f"{n:02}", "number": STAMPS[n % 4]}
        for n, stamp in enumerate(sorted(stamps))
    ]
    text = "^NQ".join("^".join("".join(condition) for condition in group) for group in groups)
    found = parse(text + "^ORDERBYsys_updated_on", lambda name: lambda row: row[name]).select(rows)
    wanted = [row for row in rows if any(all(OPERATORS[op](row[c], v) for c, op, v in group) for group in groups)]
    assert found == wanted


def _behind(at: str, key: str) -> str:
    return f"sys_updated_on>{at}^NQsys_updated_on={at}^sys_id>{key}^ORDERBYsys_updated_on^ORDERBYsys_id"
