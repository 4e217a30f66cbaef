"""IngestFeatures: latest records to the online store, recent history to the offline store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.services import Services
from pipeline_code.core.usecase import FeatureGroup
from pipeline_code.entrypoints.job import Job, parse_arguments, run

_FLAG = "feature-group."


class UnnamedFeatureGroupError(PipelineError, LookupError):
    """The job was not told the physical name of a feature group."""

    def __init__(self, group: str, given: Sequence[str]) -> None:
        super().__init__(
            f"no physical name for the feature group {group}; given: {', '.join(given) or 'none'}; "
            f"pass --{_FLAG}{group} NAME"
        )


def main(job: Job, arguments: Sequence[str]) -> None:
    """Run the job; it may be repeated, for writing a record twice changes nothing."""
    name, values = parse_arguments(arguments)
    physical = {
        flag.removeprefix(_FLAG): value for flag, value in values.items() if flag.startswith(_FLAG)
    }
    settings = {flag: value for flag, value in values.items() if not flag.startswith(_FLAG)}
    groups = job.usecase(name, settings).features.groups
    for group in groups:
        if group.name not in physical:
            raise UnnamedFeatureGroupError(group.name, sorted(physical))
    services = job.services()
    written = {}
    for done, group in enumerate(groups):
        job.progress(done, len(groups), group.name)
        written[group.name] = _ingest(job, services, group, physical[group.name])
    rows = sum(figures["online"] + figures["offline"] for figures in written.values())
    (job.output(contract.INGESTION) / contract.INGESTION_FILE).write_text(
        json.dumps({"usecase": name, "feature_groups": written}, indent=1) + "\n", encoding="utf-8"
    )
    job.progress(len(groups), len(groups), "done")
    job.summary(rows_in=rows, rows_out=rows, quarantined=0, deduplicated=0)


def _ingest(job: Job, services: Services, group: FeatureGroup, physical: str) -> dict[str, Any]:
    folder = job.input(contract.FEATURES)
    latest = folder / contract.features_latest_file(group.name)
    history = folder / contract.features_history_file(group.name)
    return {
        "feature_group": physical,
        "version": group.versioned_name,
        "online": services.put_records(physical, latest, "OnlineStore"),
        "offline": services.put_records(physical, history, "OfflineStore"),
    }


if __name__ == "__main__":
    run(main)
