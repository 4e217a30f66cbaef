"""The papers of a version: its card, and the chain that it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acequia.errors import NotFoundError
from acequia.lineage import show_lineage
from acequia.model_card import show_card
from pipeline_code.local.home import Home
from pipeline_code.local.registry import ModelVersion, NewVersion, Registry, RegistryError
from tests.acequia.screen import Screen

CARD: dict[str, Any] = {
    "model_overview": {"model_creator": "Pipeline of fraud"},
    "intended_uses": {"purpose_of_model": "Catch [bold]thieves[/]."},
    "evaluation_details": [
        {
            "name": "Test rows",
            "metadata": {"rows": "59"},
            "metric_groups": [
                {
                    "name": "Metrics",
                    "metric_data": [
                        {"name": "ROC area", "type": "number", "value": 0.8675, "notes": "from 0.8"}
                    ],
                },
                {
                    "name": "Drawings",
                    "metric_data": [
                        {"name": "confusion matrix", "type": "matrix", "value": [[1, 2], [3, 4]]},
                        {
                            "name": "importance",
                            "type": "bar_chart",
                            "value": [0.5],
                            "x_axis_name": ["AMOUNT"],
                        },
                        {"name": "ROC curve", "type": "linear_graph", "value": [[0, 0], [1, 1]]},
                    ],
                },
            ],
        }
    ],
}
LINEAGE: dict[str, Any] = {
    "Prepare": {
        "type": "Processing",
        "inputs": {"raw": "sha256:" + "a" * 64},
        "output_hashes": {"train": "sha256:" + "b" * 64},
        "summary": {"rows_in": 1_234, "quarantined": 5, "deduplicated": 0},
    },
    "Train": {
        "type": "Training",
        "cached_from": "20260101-000000-abcdef",
        "inputs": {"train": "sha256:" + "b" * 64},
        "output_hashes": {"model": "sha256:" + "c" * 64},
    },
    "BetterThanChampion": {"type": "Condition", "inputs": {}, "output_hashes": {}},
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def register(home: Home, **more: Any) -> ModelVersion:
    """Register a version made of a file of its own."""
    registry = Registry(home)
    uri = f"s3://artifacts/{len(registry.list('fraud'))}/model.tar.gz"
    path = home.path(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(uri)
    usual: dict[str, Any] = {
        "data_hash": "sha256:" + "d" * 64,
        "author": "Ann",
        "code_commit": "c0ffee",
        "execution": "gone",
        "metadata": {"feature_versions": "customers-v1,terminals-v1"},
        "evaluation": {"gate": {"reason": "It is better."}, "champion": {"version": 7}},
        "lineage": LINEAGE,
        "card": CARD,
    }
    return registry.register(NewVersion("fraud", uri, **{**usual, **more}))


def test_a_card_is_readable_and_complete(home: Home) -> None:
    """Every figure, matrices by their rows, bars by their names, text as it stands."""
    register(home)
    screen = Screen(as_json=False)

    show_card(home, "fraud", 1, screen.terminal)

    text = screen.text
    for words in (
        "by Ann, commit c0ffee",
        "Catch [bold]thieves[/].",
        "0.8675",
        "from 0.8",
        "1, 2 / 3, 4",
        "AMOUNT 0.5",
        "2 points, drawn in the report",
    ):
        assert words in text


def test_a_card_as_json_is_the_card_alone(home: Home) -> None:
    """What SageMaker takes, to be handed on."""
    register(home)
    screen = Screen()

    show_card(home, "fraud", 1, screen.terminal)

    assert screen.document == CARD


def test_a_version_without_card_says_so(home: Home) -> None:
    """It was registered before there were cards; a version that is not there is another thing."""
    register(home, card={})

    with pytest.raises(NotFoundError, match="fraud version 1 has no model card"):
        show_card(home, "fraud", 1, Screen().terminal)
    with pytest.raises(RegistryError, match="fraud has no version 2; it has: 1"):
        show_card(home, "fraud", 2, Screen().terminal)


def test_lineage_is_one_chain(home: Home) -> None:
    """A job's input is tied to the output with the same content; conditions are no jobs."""
    register(home)
    Registry(home).approve("fraud", 1, who="Ben", note="well done")
    screen = Screen()

    show_lineage(home, "fraud", 1, screen.terminal)

    found = screen.document
    prepare, train = found["jobs"]
    assert prepare["inputs"]["raw"] == {"hash": "sha256:" + "a" * 64, "from": None}
    assert train["inputs"]["train"] == {"hash": "sha256:" + "b" * 64, "from": "Prepare.train"}
    assert train["cached_from"] == "20260101-000000-abcdef"
    assert found["source"]["rows_in"] == 1_234
    assert found["champion"] == 7
    (approval,) = found["approvals"]
    assert (approval["who"], approval["note"]) == ("Ben", "well done")


def test_lineage_reads_from_top_to_bottom(home: Home) -> None:
    """Source, features, jobs, package, champion, approver; what is not known says so."""
    register(home)
    screen = Screen(as_json=False)

    show_lineage(home, "fraud", 1, screen.terminal)

    text = screen.text
    places = [
        text.index(words)
        for words in (
            "place not recorded any more, 1,234 rows, 5 put aside",
            "customers-v1, terminals-v1",
            "raw aaaaaaaaaaaa → train bbbbbbbbbbbb",
            "train bbbbbbbbbbbb of Prepare.train → model cccccccccccc",
            "commit c0ffee, by Ann",
            "version 7. It is better.",
            "not yet",
        )
    ]
    assert places == sorted(places)


def test_lineage_of_a_bare_version_has_no_holes(home: Home) -> None:
    """Registered by hand, without steps and without evaluation."""
    register(home, evaluation={}, lineage={}, metadata={}, data_hash="")
    screen = Screen(as_json=False)

    show_lineage(home, "fraud", 1, screen.terminal)

    assert "no champion: there was none" in screen.text
