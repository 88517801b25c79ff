"""temp"""

from enum import StrEnum


class AlertKind(StrEnum):
    OUR_KEY = "our_key"
    HOST_DOWN = "host_down"
    GONE_WAVE = "gone_wave"
    CRASHES = "crashes"
    TOO_LARGE = "too_large"


def raise_alert(kind: AlertKind, about: str, said: str) -> bool:
    return True


def end_alert(kind: AlertKind, about: str) -> None:
    pass
