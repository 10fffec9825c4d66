"""A solution with releases and instances, for the tests of pages."""

from __future__ import annotations

from tests.support.solution_store import Store, auth_slot, config_slot, screen, slots, workflow
from tests.support.solution_store import element as made

CHANNEL = config_slot("channel", title="Channel", type="string")
LIMIT = config_slot("limit", title="Limit", type="integer", defaultValue="10")
TOKEN = config_slot("token", title="Token", type="string", hidden="true")


def shop(store: Store) -> str:
    """A solution with two releases, of which the second breaks something, and three instances on the first one."""
    given = (*slots(auth=[auth_slot("slack")], config=[CHANNEL, LIMIT], workflows=[workflow("wf", trigger="manual")]),)
    screens = made("ScreenList", screen("Where to post", "slack", "channel", text="Choose a channel."))
    solution = store.set(*given, screens, title="Support", description="Posts tickets to a channel.")
    store.publish(solution, releaseNotes="The first one.")
    ann, bob = store.user("Ann"), store.user("Bob")
    for owner, name in ((ann, "Ann's desk"), (ann, "Ann's shop"), (bob, "Bob's desk")):
        store.instance(solution, owner, name, {"channel": '"general"'}, {"slack": store.authentication(owner)})
    store.set(*slots(auth=[auth_slot("slack")], config=[CHANNEL, LIMIT, TOKEN]), solution=solution)
    return solution
