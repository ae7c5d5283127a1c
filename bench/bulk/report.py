"""The findings of a run."""

from dataclasses import dataclass, field

from bench.bulk.memory import Life


@dataclass(slots=True)
class Part:
    """A part of a run. `wrong` are differences between the found and the expected numbers."""

    name: str
    rows: int
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)

    def compare(self, name: str, found: int, expected: int) -> None:
        text = f"{name}: {found:,}, expected {expected:,}"
        (self.notes if found == expected else self.wrong).append(text)

    @property
    def is_right(self) -> bool:
        return not self.wrong and all(life.is_flat for life in self.lives)

    def text(self) -> str:
        lines = [
            f"{self.name}: {self.rows:,} rows in {self.seconds:,.0f} s, {self.rows / self.seconds:,.0f} rows/s"
        ]
        lines += [f"  {note}" for note in self.notes]
        lines += [f"  {'' if life.is_flat else 'GROWS: '}{life.text()}" for life in self.lives]
        return "\n".join(lines + [f"  WRONG: {each}" for each in self.wrong])
