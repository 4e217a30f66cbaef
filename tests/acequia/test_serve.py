"""``acequia serve`` says where it listens and how to ask, and ends with its server."""

from __future__ import annotations

import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from acequia.serve import example, serve
from pipeline_code import contract
from pipeline_code.core.usecase import Costs
from pipeline_code.steps.predict import LinearModel, LinearWeights, ModelMetadata, save_model

ROOT = Path(__file__).parents[2]


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """A model with two features."""
    metadata = ModelMetadata(
        algorithm="linear",
        usecase="fraud",
        features=("A", "it's"),
        target="TX_FRAUD",
        threshold=0.5,
        costs=Costs(false_positive=5, false_negative=120),
        hyperparameters={},
        weights="weights.json",
        weights_hash="",
    )
    weights = LinearWeights(
        mean=(0.0, 0.0), scale=(1.0, 1.0), coefficients=(1.0, 1.0), intercept=0.0
    )
    save_model(LinearModel(metadata, weights), tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_printed_example_works_and_the_server_ends_with_the_command(
    model_folder: Path, stop: signal.Signals
) -> None:
    """The first thing a user does is to paste the line; stopping the command leaves no server."""
    script = (
        # A shell lets what it starts in the background ignore Ctrl-C; these tests may run there.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "import sys; from pathlib import Path; from acequia.serve import serve;"
        "sys.exit(serve(Path(sys.argv[1]), port=0, say=lambda text: print(text, flush=True)))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(model_folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            listening, line = process.stdout.readline(), process.stdout.readline()
            command, url, _, header, _, body = shlex.split(line)
            assert command == "curl"
            assert url.removesuffix("/invocations") in listening
            name, value = header.split(": ")
            request = urllib.request.Request(url, body.encode(), {name: value})  # noqa: S310
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                assert answer.read().startswith(b'{"predictions":[{"score":0.73')
            process.send_signal(stop)
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=20)  # noqa: S310


def test_example_survives_a_quote_in_a_name() -> None:
    """A feature's name cannot break out of the shell's quotes."""
    *_, body = shlex.split(example("http://x", ["it's"]))
    assert body == '{"instances": [{"it\'s": 1}]}'


def test_port_that_is_taken_is_exit_code_2(
    model_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The message is one line and nothing claims to listen."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code = serve(model_folder, port=taken.getsockname()[1])
    out, err = capfd.readouterr()
    assert (code, out) == (contract.EXIT_REFUSED, "")
    assert err.count("\n") == 1
    assert "Address already in use; choose another --port" in err
