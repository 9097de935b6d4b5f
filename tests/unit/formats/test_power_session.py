"""The records of client and server."""

from __future__ import annotations

import json

import pytest
from power_sessions import SampleSession

from levelfield.errors import InputError
from levelfield.formats.power_session import FileName, SessionFile, parse_session_file


def records() -> tuple[dict, dict]:
    files = SampleSession().write()
    return json.loads(files[FileName.CLIENT_JSON]), json.loads(files[FileName.SERVER_JSON])


def parsed(document: object, *, server: bool = True) -> SessionFile:
    return parse_session_file(json.dumps(document).encode(), source="server.json", server=server)


def test_both_records() -> None:
    client, server = records()
    ours, theirs = parsed(client, server=False), parsed(server)
    assert ours.session_name == theirs.session_name == "2022-02-07_10-58-49"
    assert len(ours.messages) == len(theirs.messages) == 8
    assert ours.messages[0].reply == "mlcommons/power server v3"
    assert [mark.epoch_s for mark in ours.ranging] == [1644231529, 1644231557, 1644231620, 1644231630]
    assert ours.ptd_messages == ours.analyzers == ()
    assert theirs.ptd_messages[2].reply == "Ranges,0,0.500000,1,300.000000"
    assert (theirs.analyzers[0].device_type, theirs.analyzers[0].channels) == (49, ())
    assert theirs.one_setup
    assert not theirs.debug


def test_list_of_analyzers_as_the_newest_tool_writes_it() -> None:
    _, server = records()
    setup = server["ptd_config"]
    found = parsed(server | {"ptd_config": [setup, setup | {"device_type": 77, "channel": [1, 2]}]})
    assert not found.one_setup
    assert [(one.device_type, one.channels) for one in found.analyzers] == [(49, ()), (77, (1, 2))]


@pytest.mark.parametrize("value", [True, 1, "yes", None])
def test_debug_is_anything_but_false(value: object) -> None:
    _, server = records()
    assert parsed(server | {"debug": value}).debug


def test_every_problem_is_listed_with_its_path() -> None:
    _, server = records()
    del server["uuid"]["client"]
    server["timezone"] = "0"
    server["messages"][1] = 5
    server["messages"][2]["reply"] = None
    server["phases"]["ranging"][0] = [1.0]
    server["phases"]["testing"][1] = [float("nan"), 1.0]
    server["ptd_config"]["device_type"] = True
    server["results"]["power/server.log"] = 1
    del server["modules"]
    with pytest.raises(InputError) as caught:
        parsed(server)
    assert list(caught.value.problems)[:5] == [
        "modules: missing, expected an object of texts.",
        "timezone: found '0', expected a whole number.",
        "messages[1]: found 5, expected an object.",
        "messages[2].reply: found None, expected a text.",
        "uuid.client: missing, expected a text.",
    ]
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "modules",
        "timezone",
        "messages[1]",
        "messages[2].reply",
        "uuid.client",
        "results",
        "phases.ranging[0]",
        "phases.testing[1]",
        "ptd_config.device_type",
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "expected a JSON object"),
        (b"null", "expected a JSON object"),
        (b"\xff", "expected UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"timezone": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"{}", "no complete session record"),
    ],
)
def test_what_is_no_record_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_session_file(data, source="server.json", server=True)


@pytest.mark.parametrize("value", [1e300, 10**30, True, "1", None, [1.0, 2.0, 3.0]])
def test_mark_beyond_reach_is_refused(value: object) -> None:
    client, _ = records()
    client["phases"]["ranging"][0] = value if isinstance(value, list) else [value, 1.0]
    with pytest.raises(InputError) as caught:
        parsed(client, server=False)
    assert caught.value.problems[0].startswith("phases.ranging[0]: found")
