"""
Make ``.venv`` ready to run Gridward, and do nothing when it already is.

    python3 bootstrap.py client     what a tablet needs
    python3 bootstrap.py server     what the office needs (the default)
    python3 bootstrap.py dev        all of that, and what tests and checks need

Needs Python 3.11 or newer and nothing else: no root, no prepared home directory, no cache. Every
package comes from a requirements file that pins its version and its hash. uv does the work because
it is fast; where uv cannot be had, or cannot reach what pip can, pip does the same work.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python must be able to read this far
    sys.exit("Gridward needs Python 3.11 or newer; this is Python {}.{}.".format(*sys.version_info[:2]))

import argparse
import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
READY = VENV / "gridward-ready.txt"
REQUIREMENTS = ROOT / "requirements"

# Each set holds everything the ones before it do, so an environment made for "dev" also serves "client".
SETS = ("client", "server", "dev")


class StepFailed(Exception):
    """A command of ours ended badly; its own output has already said why."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Bring ``.venv`` up to the set that was asked for."""
    parser = argparse.ArgumentParser(description="Make .venv ready to run Gridward.")
    parser.add_argument("set", nargs="?", choices=SETS, default="server", help="what it must be able to do")
    wanted = parser.parse_args(arguments).set
    if serves(wanted):
        return
    # Playing the demo must not take a developer's tools away.
    wanted = max(wanted, present_set(), key=SETS.index)
    try:
        create_environment()
        fill_environment(wanted)
    except StepFailed as failure:
        sys.exit(f"bootstrap: {failure}")
    READY.write_text(f"{wanted} {fingerprint()}\n", encoding="utf-8")
    say(f"ready: {VENV.name} can now serve as {wanted}")


def serves(wanted: str) -> bool:
    """Tell whether ``.venv`` was filled from today's files with *wanted* or a larger set."""
    enough = SETS.index(present_set()) >= SETS.index(wanted)
    return enough and read_ready()[1] == fingerprint() and PYTHON.exists()


def present_set() -> str:
    """Return the set that ``.venv`` was last filled with; the smallest where there is none."""
    present = read_ready()[0]
    return present if present in SETS else SETS[0]


def read_ready() -> tuple[str, str]:
    """Return which set ``.venv`` was filled with and from what; nothing where it was not."""
    try:
        present, made_from = READY.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return "", ""
    return present, made_from


def fingerprint() -> str:
    """Sum up everything an environment is made from, the place it stands in included."""
    digest = hashlib.sha256(f"{ROOT}\0{sys.version}\0".encode())
    for file in [ROOT / "pyproject.toml", Path(__file__), *sorted(REQUIREMENTS.glob("*.txt"))]:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def create_environment() -> None:
    """Create ``.venv``, or keep the one there if it runs on this very Python."""
    READY.unlink(missing_ok=True)
    if runs_this_python():
        return
    say(f"creating {VENV.name} for Python {sys.version_info.major}.{sys.version_info.minor}")
    run([sys.executable, "-m", "venv", "--clear", str(VENV)])


def runs_this_python() -> bool:
    """Tell whether the interpreter in ``.venv`` starts, has pip and is of our own version."""
    question = "import pip, sys; print(sys.version)"
    try:
        answer = subprocess.run([PYTHON, "-c", question], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.rstrip("\n") == sys.version


def fill_environment(wanted: str) -> None:
    """Install the pinned packages of *wanted*, with uv if that is possible, and then the project itself."""
    try:
        fill_with_uv(wanted)
    except StepFailed as failure:
        say(f"{failure}; going on with pip, which is slower")
        fill_with_pip(wanted)
    pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))


def fill_with_uv(wanted: str) -> None:
    """Leave exactly the pinned packages in ``.venv``: what does not belong there is removed."""
    say("installing uv")
    pip("install", "--require-hashes", "-r", str(pins("uv")))
    say(f"installing the packages of requirements/{wanted}.txt")
    sync = [str(PYTHON), "-m", "uv", "pip", "sync", "--quiet", "--system-certs", "--require-hashes"]
    run([*sync, "--python", str(PYTHON), str(pins("build")), str(pins(wanted))])


def fill_with_pip(wanted: str) -> None:
    """Install the same packages by pip; unlike uv it leaves strangers in place."""
    pip("install", "--require-hashes", "-r", str(pins("build")), "-r", str(pins(wanted)))


def pins(name: str) -> Path:
    """Return the requirements file *name*."""
    return REQUIREMENTS / f"{name}.txt"


def pip(verb: str, *arguments: str) -> None:
    """Run the environment's own pip, quietly."""
    run([str(PYTHON), "-m", "pip", verb, "--quiet", "--disable-pip-version-check", *arguments])


def run(command: Sequence[str]) -> None:
    """
    Run *command* to its end with our own output.

    Raises:
        StepFailed: it could not be started, or it ended with anything but 0.
    """
    try:
        subprocess.run(command, check=True)
    except OSError as error:
        raise StepFailed(f"could not start {command[0]}: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        step = " ".join(word for word in command[1:5] if not word.startswith("--"))
        raise StepFailed(f"python {step} ended with {error.returncode}") from error


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"bootstrap: {text}", flush=True)


if __name__ == "__main__":
    main()
