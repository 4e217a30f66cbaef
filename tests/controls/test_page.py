"""The page that a reviewer reads says what the tests prove."""

from __future__ import annotations

import re

from tests.assembly import Assembly
from tests.controls.matrix import controls
from tests.controls.page import COMMAND, PAGE, render


def test_the_page_is_fresh(assembly: Assembly) -> None:
    """The committed page is what ``make controls`` would write."""
    fresh = render(assembly)

    assert PAGE.read_text(encoding="utf-8") == fresh, f"run `{COMMAND}` and commit docs/controls.md"


def test_the_page_changes_with_what_is_looked_at(assembly: Assembly) -> None:
    """The counts are live: a resource less shows."""
    prod = dict(assembly.templates["prod"])
    del prod["Registry"]

    assert render(assembly) != render(Assembly({**assembly.templates, "prod": prod}))


def test_the_links_of_the_summary_lead_to_headings(assembly: Assembly) -> None:
    """GitHub makes an anchor of each heading: small letters, hyphens, no commas."""
    page = render(assembly)
    headings = {
        re.sub(r"[^\w -]", "", line[3:].lower()).replace(" ", "-")
        for line in page.splitlines()
        if line.startswith("## ")
    }

    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= headings


def test_every_row_is_on_the_page(assembly: Assembly) -> None:
    """Each control, its proof, its references and its exceptions can be read there."""
    page = render(assembly)

    for row in controls():
        assert row.control.strip() in page
        assert row.proof.strip() in page
        assert ", ".join(row.references) in page
        for exemption in row.exceptions:
            assert exemption.reason.strip() in page
