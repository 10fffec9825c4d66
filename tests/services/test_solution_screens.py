"""The screens of a solution: SetSolution, GetSolution and the changes between releases."""

from __future__ import annotations

import pytest

from tests.support.http import Reply
from tests.support.solution_store import Store, auth_slot, changes, config_slot, element, screen, slots

TWO = element("ScreenList", screen("Slack", "slack", "channel", text="Which channel?"), screen("Others"))


def screens(reply: Reply) -> list[tuple[str | None, str | None, list[str | None]]]:
    """The screens in a response: title, text, and the external ids of the slots."""
    return [
        (one.findtext("title"), one.findtext("text"), [slot.text for slot in one.iterfind("SlotList/externalId")])
        for one in reply.tree.iterfind("ScreenList/Screen")
    ]


@pytest.fixture
def solution(store: Store) -> str:
    """A solution with three slots and two screens, without a release."""
    return store.set(*slots(auth=[auth_slot("slack")], config=[config_slot("channel"), config_slot("mail")]), TWO)


def get(store: Store, solution: str, release: int | None = None) -> Reply:
    return store.done("GetSolution", solutionId=solution, releaseNumber=release)


@pytest.mark.ledger("UVU-6", "DEC-270")
def test_screens_are_kept_replaced_and_removed(store: Store, solution: str) -> None:
    given = [("Slack", "Which channel?", ["slack", "channel"]), ("Others", None, [])]
    assert screens(get(store, solution)) == given
    store.set(solution=solution, description="Absent screens keep their place.")
    assert screens(get(store, solution)) == given
    store.publish(solution)
    store.set(element("ScreenList", screen("All", "mail", "slack")), solution=solution)
    assert screens(get(store, solution)) == [("All", None, ["mail", "slack"])]
    store.set("<ScreenList><Screen/></ScreenList>", solution=solution)
    assert screens(get(store, solution)) == []
    assert screens(get(store, solution, 1)) == given


@pytest.mark.ledger("DEC-272")
def test_a_removed_slot_leaves_its_screen(store: Store, solution: str) -> None:
    store.set(element("AuthSlotList", "<AuthSlot/>"), solution=solution)
    assert screens(get(store, solution))[0] == ("Slack", "Which channel?", ["channel"])
    assert store.faults("SetSolution", TWO, solutionId=solution) == ["ScreenList/Screen[1]/SlotList/externalId[1]"]


@pytest.mark.ledger("DEC-270")
def test_an_id_that_two_slots_have_is_on_one_screen(store: Store) -> None:
    both = slots(auth=[auth_slot("slack")], config=[config_slot("slack")])
    solution = store.set(*both, element("ScreenList", screen("Slack", "slack")))
    assert screens(get(store, solution)) == [("Slack", None, ["slack"])]
    twice = element("ScreenList", screen("Slack", "slack", "slack"))
    assert store.faults("SetSolution", twice, solutionId=solution) == ["ScreenList/Screen[1]/SlotList/externalId[2]"]


@pytest.mark.ledger("DEC-271")
def test_new_screens_are_a_change_that_breaks_nothing(store: Store, solution: str) -> None:
    store.publish(solution)
    owner = store.user()
    auth = store.authentication(owner)
    instance = store.instance(solution, owner, config={"channel": '"x"', "mail": '"y"'}, auth={"slack": auth})
    store.set(element("ScreenList", screen("Others"), screen("Slack", "slack")), solution=solution)
    published = store.publish(solution)
    assert changes(published) == ["screens None ScreensChanged"]
    assert (published.text("breakingChanges"), published.text("notice")) == ("false", "automatic")
    assert store.get(instance).flags == "N"
    compared = store.done("CompareSolutionReleases", solutionId=solution, releaseNumberFrom=1, releaseNumberTo=2)
    assert changes(compared) == ["screens None ScreensChanged"]


def test_screens_are_given_by_parameters_and_as_json(store: Store, solution: str) -> None:
    by_parameters = {
        "userLogonReference": "admin",
        "password": "correct horse",
        "solutionId": solution,
        "ScreenList/Screen/title": "By parameters",
        "ScreenList/Screen/SlotList/externalId": "mail",
    }
    response = store.client.app.test_client().post("/service/SetSolution", data=by_parameters)
    assert response.headers["Relink-Error-Number"] == "0", response.text
    assert screens(get(store, solution)) == [("By parameters", None, ["mail"])]
    credentials = {"userLogonReference": "admin", "password": "correct horse"}
    as_json = {"ScreenList": {"Screen": [{"title": "As JSON", "SlotList": {"externalId": ["slack", "mail"]}}]}}
    response = store.client.app.test_client().post(
        "/servicejson/SetSolution", json={**credentials, "solutionId": solution, **as_json}
    )
    assert response.headers["Relink-Error-Number"] == "0", response.text
    assert screens(get(store, solution)) == [("As JSON", None, ["slack", "mail"])]
