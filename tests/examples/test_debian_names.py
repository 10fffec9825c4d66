"""Names of Debian packages as parts of references, and back."""

import pytest
from convert import debian_name, reference_part
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples.test_debian import LEGAL_PART
from tests.support.examples import EXAMPLES

debian_names = st.from_regex(r"[a-z0-9][a-z0-9+.-]*", fullmatch=True)
parts = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("libc6", "libc6"),
        ("openssh-client", "openssh_client"),
        ("libstdc++6", "libstdcXX6"),
        ("python3.11", "python3D11"),
        ("0ad", "N0ad"),
    ],
)
def test_a_name_and_its_part(name: str, part: str) -> None:
    assert reference_part(name) == part
    assert debian_name(part) == name


@given(debian_names)
@settings(max_examples=EXAMPLES)
def test_every_part_is_legal_and_leads_back_to_its_name(name: str) -> None:
    part = reference_part(name)
    assert LEGAL_PART.fullmatch(part)
    assert debian_name(part) == name


@given(st.lists(debian_names, unique=True, min_size=2))
@settings(max_examples=EXAMPLES)
def test_no_two_names_share_a_part(names: list[str]) -> None:
    assert len({reference_part(name) for name in names}) == len(names)


@given(parts)
@settings(max_examples=EXAMPLES)
def test_a_part_is_refused_or_comes_from_exactly_the_name_that_it_gives(part: str) -> None:
    try:
        name = debian_name(part)
    except ValueError:
        return
    assert reference_part(name) == part


@pytest.mark.parametrize("name", ["", "Upper", "under_score", "-a", ".a", "a b", "a\n", "é", "a:any"])
def test_an_invalid_debian_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a Debian package name"):
        reference_part(name)


@pytest.mark.parametrize("part", ["", "_a", "Na", "N", "X11", "aN", "aA", "a-b", "a\n", "0a", "N0N"])
def test_an_invalid_part_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="does not stand for"):
        debian_name(part)
