"""By how much this process has grown at its worst, while a block runs."""

from pathlib import Path
from typing import Self

_PEAK_IS_NOW = "5"  # to the kernel: forget what the peak was


class Growth:
    def __enter__(self) -> Self:
        Path("/proc/self/clear_refs").write_text(_PEAK_IS_NOW, encoding="ascii")
        self._before = _megabytes("VmRSS:")
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def megabytes(self) -> float:
        return _megabytes("VmHWM:") - self._before


def _megabytes(name: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024
