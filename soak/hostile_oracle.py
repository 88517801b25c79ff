"""What must become of every push and every browser at the hostile push service, by what is known of push services.
Written by hand from that knowledge, with nothing of the product's in it, so that it can disagree.

Three broadcasts go to everybody, the third more than 24 hours after the first. A browser that was turned off gets no
more pushes: NONE.
"""

from collections.abc import Sequence
from dataclasses import dataclass

ACCEPTED = frozenset({"accepted"})
FAILED = frozenset({"failed"})  # refused for good: it is not tried again
GONE = frozenset({"gone"})
DEAD_LETTER = frozenset({"failed", "expired"})  # given up after many tries, or because its time was over
NONE = frozenset({"no push"})

ON, OFF_GONE, OFF_UNUSABLE, OFF_REFUSED = "on", "gone", "unusable", "refused"


@dataclass(frozen=True)
class Expected:
    pushes: Sequence[frozenset[str]]
    """One for each broadcast."""
    browser: str = ON
    requests: int = 20
    """For one push, at most."""


@dataclass(frozen=True)
class Group:
    """Browsers that meet the same, at one host."""

    script: str
    expected: Expected
    host: str = ""
    """Else one of its own, named after the script."""
    share: float = 1.0
    """Of what a group has usually."""
    is_slow: bool = False
    """Each trial takes as long as a sender waits for an answer."""

    @property
    def name(self) -> str:
        return f"{self.script} at {self.host or self.script}"

    @property
    def trouble(self) -> str:
        """What its browsers meet: something on the way, what its own keys bring about, or what the service does."""
        if self.host in (UNTRUSTED, NOWHERE, CLOSED, CUTTING, SILENT):
            return self.host
        return KEYS if self.expected.browser == OFF_UNUSABLE else self.script


_ACCEPTED = Expected((ACCEPTED,) * 3)
_DEAD = Expected((DEAD_LETTER,) * 3)
_REFUSED = Expected((FAILED,) * 3, requests=1)
_GONE = Expected((GONE, NONE, NONE), OFF_GONE, requests=1)

UNTRUSTED = "a.b"  # below the wildcard of the certificate, and too deep for it
NOWHERE, CLOSED, CUTTING, SILENT, KEYS = "nowhere", "closed", "cutting", "silent", "keys"
MIXED, MOSTLY = "mixed", "mostly"

GROUPS: Sequence[Group] = (
    # A push service that says yes, in all its ways.
    Group("accepts", _ACCEPTED),
    Group("accepts-200", _ACCEPTED),
    # What looks like a yes and is none: somebody else answers. It may be over soon, and nobody is to blame.
    Group("page", _DEAD),
    Group("page-first", _ACCEPTED),
    Group("redirect", Expected((DEAD_LETTER,) * 3, requests=4)),
    Group("redirect-first", _ACCEPTED),
    # Refused. Where everybody is, the fault may be ours: nobody is turned off.
    Group("400", _REFUSED),
    # Where one browser is refused three times over more than a day, and the others are taken, it is that browser's.
    Group("accepts", _ACCEPTED, MOSTLY, 0.9),
    Group("400", Expected((FAILED,) * 3, OFF_REFUSED, requests=1), MOSTLY, 0.05),
    Group("400-once", Expected((FAILED, ACCEPTED, ACCEPTED)), MOSTLY, 0.05),
    # Our key is refused to everybody: ours to mend, and nobody is turned off.
    Group("401", _DEAD),
    Group("403", _DEAD),
    Group("mismatch", _DEAD),
    # Only these two say that a browser is gone.
    Group("404", _GONE),
    Group("410", _GONE),
    # Too large: once more without the text, and no browser is to blame.
    Group("413", Expected((FAILED,) * 3, requests=2)),
    Group("413-long", Expected((ACCEPTED,) * 3, requests=2)),
    # Asked for patience, and patient.
    Group("406-first", _ACCEPTED),
    Group("429-first", _ACCEPTED),
    Group("429-date-first", _ACCEPTED),
    Group("429-silent-first", _ACCEPTED),
    Group("429-long-first", _ACCEPTED),
    Group("503-first", _ACCEPTED),
    Group("429", _DEAD),
    # In trouble, for a while or for good.
    Group("500", _DEAD),
    Group("long-head-first", _ACCEPTED),
    Group("hang-first", _ACCEPTED),
    Group("hang", _DEAD, is_slow=True),
    Group("drip", _DEAD, is_slow=True),
    Group("reset-first", _ACCEPTED),
    Group("cut-first", _ACCEPTED),
    Group("endless-first", _ACCEPTED),
    Group("no-http-first", _ACCEPTED),
    # Trouble on the way: no browser is to blame.
    Group("accepts", _DEAD, UNTRUSTED),
    Group("accepts", _DEAD, NOWHERE),
    Group("accepts", _DEAD, CLOSED),
    Group("accepts", _DEAD, CUTTING),
    Group("accepts", _DEAD, SILENT, is_slow=True),
    # Keys that nothing can be encrypted to.
    Group("accepts", Expected((FAILED, NONE, NONE), OFF_UNUSABLE), KEYS, 0.5),
    Group("accepts", _ACCEPTED, KEYS, 0.5),
    # A bit of everything at one host that is mostly well; each trouble comes again with each broadcast.
    Group("accepts", _ACCEPTED, MIXED, 2.0),
    *(Group(script, _ACCEPTED, MIXED, 0.2) for script in ("accepts-202", "accepts-204", "500-each", "503-each")),
    *(Group(script, _ACCEPTED, MIXED, 0.1) for script in ("429-each", "406-each", "408-each", "413-long", "403-each")),
    *(Group(script, _ACCEPTED, MIXED, 0.1) for script in ("page-each", "redirect-each", "no-http-each", "cut-each")),
    *(Group(script, _ACCEPTED, MIXED, 0.1) for script in ("reset-each", "hang-each")),
    Group("410", _GONE, MIXED, 0.1),
    Group("404-later", Expected((ACCEPTED, GONE, NONE), OFF_GONE), MIXED, 0.1),
)
