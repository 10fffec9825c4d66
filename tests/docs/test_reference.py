"""The generated reference is that of the schema files and the code as they are."""

from __future__ import annotations

from docs.generator.__main__ import REFERENCE, out_of_date


def test_the_reference_is_up_to_date() -> None:
    """`make docs` writes it. The page of proofs changes with every renamed test: `make check` compares that."""
    assert [path for path in out_of_date() if path.name != "proofs.md"] == []


def test_every_service_has_a_page_with_a_real_request_and_response() -> None:
    pages = [page for page in (REFERENCE / "services").glob("*.md") if page.name != "README.md"]
    assert len(pages) > 20
    assert [page.name for page in pages if page.read_text(encoding="utf-8").count("```xml") != 2] == []
