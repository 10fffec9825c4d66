"""An instance that takes any path of releases, back and forth, equals one that is upgraded directly at the end.

Only the values of slots that a release on the way does not have are lost.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.solutions.content.model import AuthSlot, Content, Flags, SlotKind
from app.solutions.instances.changing import create_instance, upgrade_instance
from app.solutions.people.authentications import AuthenticationDraft, set_authentication
from app.solutions.people.cipher import Cipher
from tests.support.contents import fitting, histories
from tests.support.examples import EXAMPLES
from tests.support.http import SECRET_KEY
from tests.support.world import World, move_instance


def without_linked(content: Content) -> Content:
    """The builder has no authentications in these tests."""
    return replace(content, auth_slots=tuple(replace(slot, authentication_id=None) for slot in content.auth_slots))


def make_authentication(world: World, slot: AuthSlot) -> str:
    """An authentication of the end user that fits a slot."""
    draft = AuthenticationDraft(
        owner=world.owner,
        name="Mine",
        service=slot.service,
        service_version=slot.service_version,
        service_environment=slot.service_environment,
        scopes=tuple(slot.scopes),
        data="{}",
    )
    with world.engine.begin() as connection:
        return set_authentication(connection, Cipher(SECRET_KEY), draft)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(releases=histories(least=2), data=st.data())
def test_every_path_ends_as_the_direct_one(world: World, releases: dict[int, Content], data: st.DataObject) -> None:
    contents = {number: without_linked(content) for number, content in releases.items()}
    world = replace(world, solution="")
    world.release(contents[1])
    held = data.draw(st.sets(st.sampled_from(keys))) if (keys := sorted(slots_of(contents[1]))) else set()
    auth_values, config_values = {}, {}
    for kind, external_id in sorted(held):
        slot = contents[1].slot(kind, external_id)
        if isinstance(slot, AuthSlot):
            auth_values[external_id] = make_authentication(world, slot)
        elif slot is not None:
            config_values[external_id] = data.draw(fitting(slot, 1)).value or ""
    with world.engine.begin() as connection:
        walker, flyer = (
            create_instance(connection, world.solution, world.owner, name, config_values, auth_values).instance_id
            for name in ("by a path", "directly")
        )
    path = []
    for number in range(2, max(contents) + 1):
        world.release(contents[number])
        for stop in data.draw(st.lists(st.integers(1, number), max_size=2)):
            with world.engine.begin() as connection:
                move_instance(connection, walker, stop, {})
            path.append(stop)
    with world.engine.begin() as connection:
        walked, flown = (upgrade_instance(connection, instance) for instance in (walker, flyer))

    lost = {key for key in held if any(contents[stop].slot(*key) is None for stop in path)}
    assert walked.release_number == flown.release_number == max(contents)
    assert walked.flags == flown.flags == Flags()
    assert world.keys(walker).keys() == world.keys(flyer).keys()
    assert walked.config_values == kept(flown.config_values, SlotKind.CONFIG, lost)
    assert walked.auth_values == kept(flown.auth_values, SlotKind.AUTH, lost)
    assert [slot for slot in walked.pending if slot[:2] not in lost] == [
        slot for slot in flown.pending if slot[:2] not in lost
    ]
    assert walked == world.read(walker)


def slots_of(content: Content) -> list[tuple[SlotKind, str]]:
    auth = [(SlotKind.AUTH, slot.external_id) for slot in content.auth_slots]
    return [*auth, *((SlotKind.CONFIG, slot.external_id) for slot in content.config_slots)]


def kept(values: dict[str, str], kind: SlotKind, lost: set[tuple[SlotKind, str]]) -> dict[str, str]:
    return {external_id: value for external_id, value in values.items() if (kind, external_id) not in lost}
