"""ResolveChampion gives Evaluate a model to compare with, or says that there is none."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from pipeline_code import contract
from pipeline_code.core.services import Champion, Services, Store
from pipeline_code.entrypoints.job import Job
from pipeline_code.entrypoints.resolve_champion import NoChampionError, main
from pipeline_code.steps.archive import DamagedArchiveError

ARGUMENTS = ["--usecase", "fraud", "--model-package-group", "fraud"]
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/3"


class Shelf:
    """Services with one archive on the shelf, or none."""

    def __init__(self, archive: Path | None) -> None:
        self.archive = archive

    def champion(self, model_package_group: str) -> Champion | None:
        """Answer for the group of the arguments only."""
        assert model_package_group == "fraud"
        return Champion(3, ARN, "s3://bucket/model.tar.gz") if self.archive else None

    def fetch(self, uri: str, destination: Path) -> Path:
        """Copy the archive."""
        assert (uri, self.archive is not None) == ("s3://bucket/model.tar.gz", True)
        return Path(shutil.copy(str(self.archive), destination))

    def put_records(self, feature_group: str, records: Path, store: Store) -> int:
        """Not asked for."""
        raise AssertionError(feature_group, records, store)


def resolve(root: Path, archive: Path | None) -> Path:
    """Run the job with that archive as the champion's; return its output."""

    class ShelfJob(Job):
        def services(self) -> Services:
            return Shelf(archive)

    job = ShelfJob(root)
    main(job, ARGUMENTS)
    return job.output(contract.CHAMPION)


def packed(path: Path, name: str) -> Path:
    """Pack one small file under a name."""
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = 2
        archive.addfile(member, io.BytesIO(b"{}"))
    return path


def test_the_champion_and_its_files(tmp_path: Path) -> None:
    """Version, name and the unpacked model lie side by side."""
    output = resolve(tmp_path / "ml", packed(tmp_path / "m.tar.gz", contract.MODEL_METADATA_FILE))

    assert json.loads((output / contract.CHAMPION_FILE).read_text()) == {"version": 3, "arn": ARN}
    assert (output / contract.MODEL / contract.MODEL_METADATA_FILE).read_bytes() == b"{}"
    assert sorted(path.name for path in output.iterdir()) == [
        contract.CHAMPION_FILE,
        contract.MODEL,
    ]


def test_no_champion_yet_is_an_answer(tmp_path: Path) -> None:
    """The first run of a project compares with nothing; a model left from before would be wrong."""
    resolve(tmp_path / "ml", packed(tmp_path / "m.tar.gz", contract.MODEL_METADATA_FILE))

    output = resolve(tmp_path / "ml", None)

    assert json.loads((output / contract.CHAMPION_FILE).read_text()) == {
        "version": None,
        "arn": None,
    }
    assert not (output / contract.MODEL).exists()


def test_a_hostile_archive_stops_the_job(tmp_path: Path) -> None:
    """Nothing lands outside, and no champion is announced."""
    with pytest.raises(DamagedArchiveError, match="hostile"):
        resolve(tmp_path / "ml", packed(tmp_path / "m.tar.gz", "../../escaped"))

    assert not list(tmp_path.rglob("escaped"))
    assert not list(tmp_path.rglob(contract.CHAMPION_FILE))


def test_a_corrupt_archive_is_one_line(tmp_path: Path) -> None:
    """An upload that broke off must not be scored as if it were a model."""
    archive = packed(tmp_path / "m.tar.gz", contract.MODEL_METADATA_FILE)
    archive.write_bytes(archive.read_bytes()[:-20])

    with pytest.raises(DamagedArchiveError) as caught:
        resolve(tmp_path / "ml", archive)
    assert "\n" not in str(caught.value)


def test_batch_needs_a_champion(tmp_path: Path) -> None:
    """Scoring with nothing would fail later and say less."""

    class ShelfJob(Job):
        def services(self) -> Services:
            return Shelf(None)

    with pytest.raises(NoChampionError, match="no version of fraud is approved"):
        main(ShelfJob(tmp_path / "ml"), [*ARGUMENTS, "--required", "true"])
