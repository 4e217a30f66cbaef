"""Where a version comes from: one chain from the rows of the source to who approved it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from acequia.summary import heading
from acequia.terminal import Terminal
from pipeline_code import contract
from pipeline_code.local.errors import UnknownExecutionError
from pipeline_code.local.executions import Executions
from pipeline_code.local.home import Home
from pipeline_code.local.registry import ModelVersion, Registry

_JOBS = ("Processing", "Training", "Tuning")


def show_lineage(home: Home, group: str, number: int, terminal: Terminal) -> None:
    """Print the chain of one version."""
    document = lineage(home, group, number)
    terminal.result(document, view=_view(document))


def lineage(home: Home, group: str, number: int) -> dict[str, Any]:
    """Lay out what the registry knows of how a version was made, as JSON values.

    A job's input names the step and output with the same content, ``from``, where there is one:
    that is the proof that they hang together.

    Raises:
        RegistryError: if there is no such version.
    """
    registry = Registry(home)
    version = registry.get(group, number)
    approvals = [
        asdict(change)
        for change in registry.history(group, number)
        if change.to_status == contract.APPROVED
    ]
    champion = version.evaluation.get("champion") or {}
    return {
        "group": group,
        "version": number,
        "status": version.status,
        "source": _source(home, version),
        "feature_versions": version.metadata.get(contract.METADATA_FEATURE_VERSIONS, ""),
        "jobs": list(_jobs(version.lineage)),
        "package": {
            "arn": version.arn,
            "model": version.model_uri,
            "model_hash": version.model_hash,
            "weights_hash": (version.evaluation.get("model") or {}).get("weights_hash"),
            "code_commit": version.code_commit,
            "image": version.image,
            "author": version.author,
            "created": version.created,
            "execution": version.execution,
        },
        "champion": champion.get("version"),
        "decision": (version.evaluation.get("gate") or {}).get("reason"),
        "approvals": approvals,
    }


def _source(home: Home, version: ModelVersion) -> dict[str, Any]:
    prepare = version.lineage.get(contract.PREPARE, {})
    summary = prepare.get("summary", {})
    try:
        parameters = Executions(home).plan(version.execution).parameters
    except UnknownExecutionError:  # the journal was deleted; the registry keeps the hashes
        parameters = {}
    return {
        "uri": parameters.get(contract.PARAMETER_INPUT_DATA_URI),
        "files_hash": prepare.get("inputs", {}).get(contract.RAW),
        "data_hash": version.data_hash,
        "rows_in": summary.get("rows_in"),
        "quarantined": summary.get("quarantined"),
        "deduplicated": summary.get("deduplicated"),
    }


def _jobs(steps: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    made: dict[str, str] = {}
    for name, step in steps.items():
        if step.get("type") not in _JOBS:
            continue
        outputs = step.get("output_hashes", {})
        inputs = {
            channel: {"hash": digest, "from": made.get(digest)}
            for channel, digest in step.get("inputs", {}).items()
        }
        yield {
            "step": name,
            "cached_from": step.get("cached_from"),
            "inputs": inputs,
            "outputs": dict(outputs),
        }
        made |= {digest: f"{name}.{output}" for output, digest in outputs.items()}


def _view(document: Mapping[str, Any]) -> Group:
    title = f"{document['group']} version {document['version']}: {document['status']}"
    chain = Table(box=None, pad_edge=False, padding=(0, 2), show_header=False)
    chain.add_column(no_wrap=True, style="head")
    chain.add_column(overflow="fold")
    for name, text in _links(document):
        chain.add_row(f"  {name}", Text(text))
    return Group(heading(title), chain)


def _links(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    source, package = document["source"], document["package"]
    rows = source["rows_in"]
    counted = "" if rows is None else f", {rows:,} rows, {source['quarantined'] or 0:,} put aside"
    yield "source", f"{source['uri'] or 'place not recorded any more'}{counted}"
    yield "", f"files {_short(source['files_hash'])}, rows {_short(source['data_hash'])}"
    if document["feature_versions"]:
        yield "↓ features", str(document["feature_versions"]).replace(",", ", ")
    for job in document["jobs"]:
        cached = f"  (from the cache: {job['cached_from']})" if job["cached_from"] else ""
        yield f"↓ {job['step']}", f"{_inputs(job['inputs'])} → {_outputs(job['outputs'])}{cached}"
    yield "↓ package", f"version {document['version']}, model file {_short(package['model_hash'])}"
    if package["weights_hash"]:
        yield "", f"weights {_short(package['weights_hash'])}"
    yield "", f"commit {package['code_commit']}, by {package['author']} on {package['created']}"
    yield "", f"execution {package['execution']}"
    champion = document["champion"]
    compared = f"version {champion}" if champion else "no champion: there was none"
    yield "↓ compared with", f"{compared}. {document['decision'] or ''}".strip()
    if not document["approvals"]:
        yield "↓ approved", "not yet" if document["status"] == contract.PENDING else "never"
    for change in document["approvals"]:
        note = f": {change['note']}" if change["note"] else ""
        yield "↓ approved", f"by {change['who']} on {change['at']}{note}"


def _inputs(inputs: Mapping[str, Mapping[str, Any]]) -> str:
    told = [
        f"{channel} {_short(each['hash'])}" + (f" of {each['from']}" if each["from"] else "")
        for channel, each in inputs.items()
    ]
    return ", ".join(told) or "nothing"


def _outputs(outputs: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {_short(digest)}" for name, digest in outputs.items()) or "nothing"


def _short(digest: str | None) -> str:
    return str(digest or "unknown").removeprefix("sha256:")[:12]
