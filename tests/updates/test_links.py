"""The links of a graph, whatever the order in which the database returns them."""

from __future__ import annotations

from array import array

import pytest

from app.updates.links import Links, MovedLinks

TOGETHER = [(7, 1, 1, 1, 8, 1), (7, 1, 1, 2, 9, 1), (5, 1, 1, 1, 9, 2)]
APART = [TOGETHER[0], TOGETHER[2], TOGETHER[1]]


@pytest.mark.parametrize("rows", [TOGETHER, APART])
@pytest.mark.parametrize("typecode", ["I", "q"])
def test_the_links_of_a_node_are_found_in_any_order_of_rows(rows: list[tuple[int, ...]], typecode: str) -> None:
    links = Links([array(typecode, column) for column in zip(*rows, strict=True)])
    assert list(links.of(7)) == TOGETHER[:2]
    assert list(links.of(5)) == TOGETHER[2:]
    assert list(links.of(6)) == []
    assert sorted(links) == sorted(TOGETHER)
    assert sorted(links.targets) == [8, 9, 9]


def test_numbers_above_four_bytes_are_kept() -> None:
    link = (1 << 40, 1, 1, 1, (1 << 40) + 1, 3)
    links = Links([array("q", [number]) if number >> 32 else array("I", [number]) for number in link])
    assert list(links.of(1 << 40)) == [link]


def test_only_links_of_updated_nodes_to_later_sources_move() -> None:
    links = Links(list(zip(*TOGETHER, strict=True)))
    moved = MovedLinks(links, {7}, {8: 2, 9: 1})
    assert moved.of(7) == TOGETHER[:1]
    assert moved.of(5) == []
    moved.remove(7, {TOGETHER[0][1:3]})
    assert moved.of(7) == []
