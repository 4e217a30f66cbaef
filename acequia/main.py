"""The ``acequia`` command: one function a word, thin; the work is in the modules beside it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from acequia import models
from acequia.errors import CommandError
from acequia.project import DEFAULT_USECASE, ROOT, shown, usecase_folder
from acequia.terminal import Terminal
from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.definition.lock import LockError
from pipeline_code.local.home import Home

app = typer.Typer(
    help="Run, review and serve the pipeline that the platform runs on AWS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
models_app = typer.Typer(help="Versions of a model: see, compare, approve.", no_args_is_help=True)
app.add_typer(models_app, name="models")
features_app = typer.Typer(
    help="The feature store: records, their history, what was known when.", no_args_is_help=True
)
app.add_typer(features_app, name="features")

Usecase = Annotated[
    str, typer.Option("--usecase", "-u", help="A folder of pipeline_code/usecases.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")]
Version = Annotated[
    int, typer.Argument(help="A version number, as `acequia models list` shows it.")
]
Reason = Annotated[str, typer.Option("--note", "-n", help="Why; kept with the version for ever.")]


FeatureGroup = Annotated[
    str, typer.Option("--group", "-g", help="A feature group, as under features.groups.")
]


def home() -> Home:
    """Return where the local twin keeps things: .acequia, or what ACEQUIA_HOME names.

    Raises:
        CommandError: if that, or what it lies in, is a file.
    """
    named = os.environ.get("ACEQUIA_HOME")
    found = Home(Path(named).resolve()) if named else Home.of_project(ROOT)
    for path in (found.root, *found.root.parents):
        if path.exists():
            if not path.is_dir():
                raise CommandError(
                    f"{path} is a file, and the local twin keeps its things in the folder "
                    f"{found.root}; move the file, or name another folder: ACEQUIA_HOME=FOLDER"
                )
            break
    return found


@app.command()
def init(
    data: Annotated[
        Path, typer.Option(help="A CSV, JSON lines or Parquet file, or a folder of one kind.")
    ],
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the use case; made of the file's where none is given.")
    ] = None,
    event_time: Annotated[
        str | None,
        typer.Option(help="The column that says when a row is to be predicted, or none."),
    ] = None,
    positive: Annotated[
        str | None, typer.Option(help="Of two labels the one that is to be found.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="A column whose rows stay on one side of the split.")
    ] = None,
    no_header: Annotated[
        bool, typer.Option("--no-header", help="The first line is a row: column_1, column_2, ...")
    ] = False,
    trials: Annotated[
        int, typer.Option(min=0, max=500, help="Search for the settings, in so many trials.")
    ] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the use case's file.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a use case from a table, with the reason at every line."""
    from acequia.init import Request, create_usecase
    from acequia.raw_data import offer
    from pipeline_code.steps.discovery.discover import Wishes

    terminal = Terminal(as_json=as_json, quiet=quiet)
    wishes = Wishes(
        target=target,
        event_time=event_time,
        positive=positive,
        header=False if no_header else None,
        group=group,
    )
    request = Request(data, wishes, name=name, replace=force, trials=trials)
    made = create_usecase(request, terminal)
    made = replace(made, is_offered=offer(home(), made.name, data))
    terminal.result(made.document(), view=made.view())


@app.command()
def run(
    usecase: Usecase = DEFAULT_USECASE,
    data: Annotated[
        Path | None, typer.Option(help="A CSV, JSON or Parquet file, or a folder of them.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting for this run: --set training.max_depth=8"),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(help="Continue an execution that was interrupted, by its id.")
    ] = None,
    synth: Annotated[bool, typer.Option("--synth", help="Synthesise the platform first.")] = False,
    environment: Annotated[str, typer.Option(help="For --synth: dev, staging, prod.")] = "dev",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run the locked pipeline on this machine: prepare, train, evaluate, gate, register."""
    from acequia.run import Request, run_pipeline
    from acequia.synth import OUTPUT, synthesise

    terminal = Terminal(as_json=as_json, quiet=quiet)
    stacks = []
    if synth:
        with terminal.working(f"Synthesising the {environment} platform"):
            stacks = synthesise(environment)
    request = Request(usecase=usecase, data=data, settings=settings or [], resume=resume)
    summary = run_pipeline(request, home(), terminal)
    if stacks:
        summary = summary.with_platform(stacks, ROOT / OUTPUT)
    terminal.result(summary.document(), view=summary.view())
    if not summary.result.succeeded:
        terminal.error(summary.failure())
        raise typer.Exit(summary.result.exit_code)


@app.command()
def check(
    usecase: Usecase = DEFAULT_USECASE,
    data: Annotated[
        Path | None, typer.Option(help="A CSV, JSON or Parquet file, or a folder of them.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Hold data and SQL against a use case: contract, split, looks into the future, leaks.

    The exit code is 2 where a feature looks into the future.
    """
    from acequia.check import check_data

    terminal = Terminal(as_json=as_json, quiet=quiet)
    found = check_data(usecase, data, home(), terminal)
    terminal.result(found.document(), view=found.view())
    if not found.is_clean:
        raise typer.Exit(contract.EXIT_REFUSED)


@app.command()
def runs(as_json: AsJson = False) -> None:
    """List the executions on this machine, the newest first."""
    from acequia.run import execution_table, executions

    found = executions(home())
    view = execution_table(found) if found else Text("No execution yet; start one: acequia run")
    Terminal(as_json=as_json).result([each.document() for each in found], view=view)


@models_app.command("list")
def list_models(usecase: Usecase = DEFAULT_USECASE, as_json: AsJson = False) -> None:
    """List every version with its state and its main metrics."""
    usecase_folder(usecase)
    models.show_versions(home(), usecase, Terminal(as_json=as_json))


@models_app.command()
def show(version: Version, usecase: Usecase = DEFAULT_USECASE, as_json: AsJson = False) -> None:
    """Show all that is known of one version: metrics, hyperparameters, lineage, history."""
    models.show_version(home(), usecase, version, Terminal(as_json=as_json))


@models_app.command()
def compare(
    version: Version,
    other: Annotated[int, typer.Argument(help="The version to hold it against.")],
    usecase: Usecase = DEFAULT_USECASE,
    as_json: AsJson = False,
) -> None:
    """Show two versions side by side: metrics, hyperparameters, data and lineage."""
    models.compare_versions(home(), usecase, (version, other), Terminal(as_json=as_json))


@models_app.command()
def card(version: Version, usecase: Usecase = DEFAULT_USECASE, as_json: AsJson = False) -> None:
    """Show the model card: what it is for, how it was made, how good it is, what to heed."""
    from acequia.model_card import show_card

    usecase_folder(usecase)
    show_card(home(), usecase, version, Terminal(as_json=as_json))


@models_app.command()
def lineage(version: Version, usecase: Usecase = DEFAULT_USECASE, as_json: AsJson = False) -> None:
    """Show where a version comes from: source, features, every job, champion, approver."""
    from acequia.lineage import show_lineage

    usecase_folder(usecase)
    show_lineage(home(), usecase, version, Terminal(as_json=as_json))


@models_app.command()
def approve(
    version: Version, usecase: Usecase = DEFAULT_USECASE, note: Reason = "", as_json: AsJson = False
) -> None:
    """Make a version the champion; the one before it is archived."""
    models.change_status(
        home(), usecase, version, contract.APPROVED, note, Terminal(as_json=as_json)
    )


@models_app.command()
def reject(
    version: Version, usecase: Usecase = DEFAULT_USECASE, note: Reason = "", as_json: AsJson = False
) -> None:
    """Refuse a version that awaits approval."""
    models.change_status(
        home(), usecase, version, contract.REJECTED, note, Terminal(as_json=as_json)
    )


@models_app.command()
def archive(
    version: Version, usecase: Usecase = DEFAULT_USECASE, note: Reason = "", as_json: AsJson = False
) -> None:
    """Take a version out of use; it stays in the record."""
    models.change_status(
        home(), usecase, version, contract.ARCHIVED, note, Terminal(as_json=as_json)
    )


@app.command()
def reproduce(
    version: Version,
    usecase: Usecase = DEFAULT_USECASE,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Run today's code although it has changed.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a version again from its recorded inputs and compare every hash and metric.

    Nothing is registered and nothing comes from the cache. Where anything differs the exit code
    is 1.
    """
    from acequia.reproduce import reproduce_version

    usecase_folder(usecase)
    terminal = Terminal(as_json=as_json, quiet=quiet)
    if not reproduce_version(home(), usecase, version, terminal, anyway=anyway):
        raise typer.Exit(1)


@features_app.command("list")
def list_features(as_json: AsJson = False) -> None:
    """List the feature groups: how many entities and records, from when to when."""
    from acequia import features

    features.show_groups(home(), Terminal(as_json=as_json))


@features_app.command("get")
def get_features(
    entities: Annotated[list[str], typer.Argument(help="Keys, such as a customer's number.")],
    group: FeatureGroup,
    usecase: Usecase = DEFAULT_USECASE,
    as_json: AsJson = False,
) -> None:
    """Show the latest record of each entity, as an endpoint would read it."""
    from acequia import features

    features.show_records(home(), usecase, group, entities, Terminal(as_json=as_json))


@features_app.command("history")
def history_of_features(
    entity: Annotated[str, typer.Argument(help="A key, such as a customer's number.")],
    group: FeatureGroup,
    usecase: Usecase = DEFAULT_USECASE,
    begin: Annotated[
        str | None, typer.Option("--from", help="From this day or instant on, in UTC.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Up to this day or instant.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show all records of one entity, the oldest first."""
    from acequia import features

    terminal = Terminal(as_json=as_json)
    features.show_history(home(), usecase, group, entity, (begin, end), terminal)


@features_app.command("join")
def join_features(
    file: Annotated[Path, typer.Argument(help="CSV, JSON lines or Parquet.")],
    groups: Annotated[
        list[str], typer.Option("--group", "-g", help="A feature group; several are allowed.")
    ],
    usecase: Usecase = DEFAULT_USECASE,
    time: Annotated[
        str | None,
        typer.Option("--time", help="The column with the time of a row; split.event_time."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Add to each row of a file what was known at its time, never what came later."""
    from acequia import features

    asked = features.Join(file, groups, time, output, force)
    features.join(home(), usecase, asked, Terminal(as_json=as_json, quiet=quiet))


@app.command()
def serve(
    usecase: Usecase = DEFAULT_USECASE,
    version: Annotated[
        int | None, typer.Option(help="A version; the approved one where none is named.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="On 127.0.0.1.")] = 8080,
) -> None:
    """Answer GET /ping and POST /invocations on 127.0.0.1, as an endpoint does."""
    from acequia.serve import serve as serve_model

    with models.unpacked(home(), usecase, version) as folder:
        code = serve_model(folder, port=port)
    raise typer.Exit(code)


@app.command()
def predict(
    file: Annotated[Path, typer.Argument(help="CSV, JSON lines or Parquet.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write.")] = None,
    usecase: Usecase = DEFAULT_USECASE,
    version: Annotated[
        int | None, typer.Option(help="A version; the approved one where none is named.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at a row that breaks the contract.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score a file with the approved model, as the batch pipeline does.

    Rows that break the contract are put aside into a file of their own; then the exit code is 3.
    """
    from acequia.predict import predict as predict_file

    terminal = Terminal(as_json=as_json, quiet=quiet)
    model = models.chosen(home(), usecase, version)
    named = {"version": model.version, "arn": model.arn}
    unpacked = models.unpacked(home(), usecase, model.version)
    with unpacked as folder, terminal.working(f"Scoring {shown(file)}"):
        made = predict_file(folder, file, output, overwrite=force, strict=strict, version=named)
    for note in made.notes:
        terminal.note(note)
    terminal.result(made.document(), view=made.view())
    if made.quarantine:
        raise typer.Exit(contract.EXIT_QUARANTINED)


@app.command("compile")
def compile_locks(
    usecase: Annotated[list[str] | None, typer.Argument(help="Use cases; all by default.")] = None,
) -> None:
    """Renew the pipeline locks from definition/pipeline.py and usecase.yaml (needs the SDK)."""
    from acequia.compile import compile_usecases

    compile_usecases(usecase or [], Terminal())


@app.command()
def schema() -> None:
    """Renew the JSON schema of usecase.yaml, by which editors complete and check it."""
    from acequia.schema import write_schema

    Terminal().out.print(f"wrote {shown(write_schema())}")


@app.command()
def synth(
    environment: Annotated[str, typer.Argument(help="dev, staging, prod or all.")] = "dev",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Synthesise the platform's CloudFormation templates; needs no AWS account."""
    from acequia.synth import OUTPUT, document, stack_table, synthesise

    terminal = Terminal(as_json=as_json, quiet=quiet)
    with terminal.working(f"Synthesising {environment}"):
        stacks = synthesise(environment)
    terminal.result(document(stacks), view=stack_table(stacks))
    terminal.note(f"templates in {shown(ROOT / OUTPUT)}/")


def main() -> NoReturn:
    """Run the command; what it refuses is one line and exit code 2."""
    try:
        app()
    except (PipelineError, LockError) as error:
        Terminal().error(str(error))
        sys.exit(contract.EXIT_REFUSED)
    except CommandError as error:
        Terminal().error(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)
