"""The files in `docker/` that a program will read say what that program understands."""

from pathlib import Path

from config import settings

DOCKER = Path(__file__).resolve().parents[2] / "docker"


def test_the_configuration_of_the_container_is_valid() -> None:
    loaded, name = settings.load(str(DOCKER / "herstelpost.toml"))
    assert name.endswith("herstelpost.toml")
    assert loaded.clamd_address == "tcp:clamd:3310"


def test_both_scanners_have_the_same_limits() -> None:
    """The container's clamd and the private one: a bomb must not pass in one place and be refused in the other."""
    names = ("StreamMaxLength", "MaxFileSize", "MaxScanSize", "MaxRecursion", "MaxFiles", "Alert", "ScanImageFuzzyHash")

    def limits(file: str) -> set[str]:
        return {line for line in (DOCKER / file).read_text().splitlines() if line.startswith(names)}

    assert limits("clamd.conf") == limits("clamd.sh")
    assert len(limits("clamd.conf")) == 9
