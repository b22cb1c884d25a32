"""
Find a font that writes Chinese 查找中文字体: the server brings none along, and takes what its machine has.
"""

import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from server.pictures.pairing import writes_chinese

#: Where systems keep fonts.
FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("~/.local/share/fonts").expanduser(),
    Path("~/.fonts").expanduser(),
    Path("C:/Windows/Fonts"),
    Path("/System/Library/Fonts"),
    Path("/Library/Fonts"),
)
#: How the files of fonts begin that write Chinese, the plainest first.
_NAMES = (
    "notosanscjk", "notosanssc", "sourcehansans", "wqy-microhei", "wqy-zenhei", "droidsansfallback", "msyh", "simhei",
    "pingfang", "stheiti", "hiragino sans gb", "notoserifcjk", "simsun",
)  # fmt: skip
_ENDINGS = (".ttc", ".ttf", ".otf")


@cache
def chinese_font(folders: Sequence[Path] = FOLDERS) -> str | None:
    """Return a file with a font that writes Chinese, None where there is none; looked for once in a process."""
    candidates = sorted(_candidates(folders), key=lambda found: (found[0], "bold" in found[1].lower(), found[1]))
    return next((path for _, path in candidates if writes_chinese(path)), None)


def _candidates(folders: Sequence[Path]) -> Iterator[tuple[int, str]]:
    """Yield the files whose names promise it, each with the place of its name in the list."""
    for folder in folders:
        for where, _, files in os.walk(folder):
            for file in files:
                name = file.lower()
                places = [at for at, begin in enumerate(_NAMES) if name.startswith(begin) and name.endswith(_ENDINGS)]
                if places:
                    yield places[0], str(Path(where) / file)
