"""Threads that wait for slow clients are shared fairly among networks."""

from __future__ import annotations

from app.server.slots import ClientSlot, Slots

GRACE = 20.0
FAIR = 65_536


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(slots: Slots, network: str, count: int = 1) -> list[ClientSlot]:
    return [slot for _ in range(count) if (slot := slots.take(network)) is not None]


def test_no_more_slots_are_taken_than_there_are() -> None:
    slots = Slots(4, FAIR, GRACE, Clock())
    held = taken(slots, "a", 5)
    assert len(held) == 4
    slots.give_back(held[0])
    assert slots.take("a") is not None


def test_the_slowest_of_the_network_that_has_most_makes_room_for_another_network() -> None:
    clock = Clock()
    slots = Slots(4, FAIR, GRACE, clock)
    held = taken(slots, "a", 4)
    clock.now = 1.0
    for slot, moved in zip(held, (400, 100, 300, 200), strict=True):
        slot.moved = moved
    assert len(taken(slots, "b", 2)) == 2
    assert [slot.lost for slot in held] == [False, True, False, True]
    assert slots.take("b") is None
    assert slots.take("c") is not None


def test_a_slow_client_makes_room_for_another_one_of_its_network_after_a_while() -> None:
    clock = Clock()
    slots = Slots(2, FAIR, GRACE, clock)
    slow, fair = taken(slots, "a", 2)
    clock.now = GRACE
    assert slots.take("a") is None
    clock.now = GRACE + 1
    slow.moved, fair.moved = 5_000 * 21, FAIR * 21
    assert slots.take("a") is not None
    assert (slow.lost, fair.lost) == (True, False)
    assert slots.take("a") is None
