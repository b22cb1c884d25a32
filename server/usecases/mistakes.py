"""
What an operator got wrong 操作有误: one sentence in each language, and nothing was changed.
"""


class Mistake(Exception):
    """An operator asked for something that cannot be; ``zh`` and ``en`` say what and why."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(f"{zh} {en}")
