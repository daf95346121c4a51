"""What was decided while reading: sentences, of each topic not too many."""

from __future__ import annotations

__all__ = ["Decided"]

SHOWN = 20  # columns of a topic


class Decided:
    """What was decided: sentences, of each topic not too many."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.counts: dict[str, list[str]] = {}
        self.single: dict[str, list[str]] = {}

    def once(self, sentence: str) -> None:
        self.lines.append(sentence)

    def count(self, topic: str, column: str) -> None:
        self.counts.setdefault(topic, []).append(column)

    def each(self, topic: str, sentence: str) -> None:
        self.single.setdefault(topic, []).append(sentence)

    def sentences(self) -> tuple[str, ...]:
        lines = list(self.lines)
        for topic, columns in self.counts.items():
            more = f" and {len(columns) - SHOWN:,} more" if len(columns) > SHOWN else ""
            lines.append(f"{topic}: {', '.join(columns[:SHOWN])}{more}")
        for topic, each in self.single.items():
            lines += each[:SHOWN]
            if len(each) > SHOWN:
                lines.append(f"{len(each) - SHOWN:,} more columns {topic}")
        return tuple(lines)
