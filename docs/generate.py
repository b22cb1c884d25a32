"""
Write ``docs/reference`` anew from the schemas: ``python -m docs.generate``.

What is there and no longer follows from the schemas is removed; a test holds the folder to them.
"""

from pathlib import Path

from schemas.export import files
from schemas.registry import TYPES

REFERENCE = Path(__file__).parent / "reference"


def main() -> None:
    """Write every file of the reference, and remove what is none of them."""
    wanted = {REFERENCE / path: content for path, content in files(TYPES).items()}
    for path, content in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for path in REFERENCE.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()


if __name__ == "__main__":
    main()
