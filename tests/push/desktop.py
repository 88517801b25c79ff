"""A desktop that shows nothing: a private D-Bus with a notification service that keeps what browsers send, and clicks.

Only what comes from the desktop is a real click to a browser; an event made by a script may open no window.
"""

import asyncio
import subprocess
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar
from xml.sax.saxutils import escape

from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusDict, DBusInt32, DBusSignature, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method, dbus_signal
from dbus_fast.unpack import unpack_variants

BUS_NAME = "org.freedesktop.Notifications"
OBJECT_PATH = "/org/freedesktop/Notifications"
DEFAULT_ACTION = "default"
# Pictures are large, and no test looks at their pixels.
PICTURES = {"image-data", "image_data", "icon_data"}
# The reasons of a closing, as the specification of desktop notifications numbers them.
BY_THE_PERSON, BY_THE_PROGRAM = 2, 3
T = TypeVar("T")
# No folders of services: nothing is started because a browser asks for it.
CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@dataclass
class Shown:
    """One notification as the desktop got it. One that replaces another is a new Shown with the same id."""

    id: int
    app: str
    title: str
    body: str
    actions: list[tuple[str, str]]
    hints: dict[str, object]
    replaces_id: int = 0
    is_replaced: bool = False
    is_closed: bool = False

    @property
    def is_visible(self) -> bool:
        return not (self.is_closed or self.is_replaced)

    def buttons(self) -> list[str]:
        """What stands on its buttons; a click on the notification itself is no button."""
        return [label for key, label in self.actions if key != DEFAULT_ACTION]

    def action_key(self, action: str) -> str:
        """The key of an action that is named by its key or by what stands on the button."""
        for key, label in self.actions:
            if action in (key, label):
                return key
        raise AssertionError(f"{self.title!r} has no action {action!r}, only {self.actions}")


class Desktop:
    def __init__(self, address: str) -> None:
        self.address = address
        self.shown: list[Shown] = []
        self.changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="desktop", daemon=True)
        self._service = NotificationService(self)
        self._bus: MessageBus | None = None

    @property
    def visible(self) -> list[Shown]:
        with self.changed:
            return [shown for shown in self.shown if shown.is_visible]

    def wait_for(self, wanted: int | Callable[[Shown], bool], timeout: float = 30.0) -> Shown:
        """The notification of that number (the first is 1), or the first of which the condition is true."""

        def find() -> Shown | None:
            if isinstance(wanted, int):
                return self.shown[wanted - 1] if len(self.shown) >= wanted else None
            return next((shown for shown in self.shown if wanted(shown)), None)

        with self.changed:
            found = self.changed.wait_for(find, timeout)
            assert found, f"no such notification within {timeout} s; there were {self.shown}"
        return found

    def wait_until_closed(self, shown: Shown, timeout: float = 30.0) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: shown.is_closed, timeout), f"still open after {timeout} s: {shown}"

    def click(self, shown: Shown, action: str = DEFAULT_ACTION) -> None:
        """The person clicks it, or one of its buttons; like most desktops this one takes it away then."""
        assert shown.is_visible, f"nobody can click what is gone: {shown}"
        key = shown.action_key(action)
        self._run(self._service.clicked(shown, key))

    def close(self, shown: Shown) -> None:
        """The person dismisses it."""
        assert shown.is_visible, f"nobody can close what is gone: {shown}"
        self._run(self._service.closed(shown.id, BY_THE_PERSON))

    def start(self) -> None:
        self._thread.start()
        self._bus = self._run(_join(self.address, self._service))

    def stop(self) -> None:
        if self._bus:
            self._run(_leave(self._bus))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def _run(self, work: Coroutine[object, object, T]) -> T:
        """In the thread of the bus, whose objects know no other."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)


class NotificationService(ServiceInterface):
    def __init__(self, desktop: Desktop) -> None:
        super().__init__(BUS_NAME)
        self.desktop = desktop
        self.last_id = 0

    @dbus_method(name="GetCapabilities")
    def get_capabilities(self) -> Annotated[list[str], DBusSignature("as")]:
        return ["actions", "body", "persistence"]

    @dbus_method(name="GetServerInformation")
    def get_server_information(self) -> Annotated[tuple[str, str, str, str], DBusSignature("ssss")]:
        return ("test desktop", "tests", "1.0", "1.2")

    @dbus_method(name="Notify")
    def notify(  # noqa: PLR0917  D-Bus hands them over by their places
        self,
        app_name: DBusStr,
        replaces_id: DBusUInt32,
        _app_icon: DBusStr,
        summary: DBusStr,
        body: DBusStr,
        actions: Annotated[list[str], DBusSignature("as")],
        hints: DBusDict,
        _expire_timeout: DBusInt32,
    ) -> DBusUInt32:
        self.last_id += 0 if replaces_id else 1
        plain = {name: value for name, value in unpack_variants(hints).items() if name not in PICTURES}
        keys_and_labels = list(zip(actions[::2], actions[1::2], strict=True))
        shown = Shown(replaces_id or self.last_id, app_name, summary, body, keys_and_labels, plain, replaces_id)
        with self.desktop.changed:
            for earlier in self.desktop.shown:
                earlier.is_replaced |= earlier.id == shown.id and not earlier.is_closed
            self.desktop.shown.append(shown)
            self.desktop.changed.notify_all()
        return shown.id

    @dbus_method(name="CloseNotification")
    def close_notification(self, notification_id: DBusUInt32) -> None:
        self._close(notification_id, BY_THE_PROGRAM)

    @dbus_signal(name="NotificationClosed")
    def notification_closed(self, notification_id: int, reason: int) -> Annotated[tuple[int, int], DBusSignature("uu")]:
        return (notification_id, reason)

    @dbus_signal(name="ActionInvoked")
    def action_invoked(self, notification_id: int, key: str) -> Annotated[tuple[int, str], DBusSignature("us")]:
        return (notification_id, key)

    async def clicked(self, shown: Shown, key: str) -> None:
        self.action_invoked(shown.id, key)
        self._close(shown.id, BY_THE_PERSON)

    async def closed(self, notification_id: int, reason: int) -> None:
        self._close(notification_id, reason)

    def _close(self, notification_id: int, reason: int) -> None:
        with self.desktop.changed:
            is_open = [one for one in self.desktop.shown if one.id == notification_id and one.is_visible]
            for shown in is_open:
                shown.is_closed = True
            self.desktop.changed.notify_all()
        if is_open:
            self.notification_closed(notification_id, reason)


@contextmanager
def desktop(folder: Path) -> Iterator[Desktop]:
    """Give its address to a browser as DBUS_SESSION_BUS_ADDRESS. What the bus itself says is in `folder`."""
    # The path of a socket may have 107 characters at most, and the folder of a test can be longer.
    with tempfile.TemporaryDirectory(prefix="bus-") as short, _bus(folder, Path(short) / "socket") as address:
        made = Desktop(address)
        try:
            made.start()
            yield made
        finally:
            made.stop()


async def _join(address: str, service: NotificationService) -> MessageBus:
    bus = await MessageBus(bus_address=address).connect()
    bus.export(OBJECT_PATH, service)
    await bus.request_name(BUS_NAME)
    return bus


async def _leave(bus: MessageBus) -> None:
    bus.disconnect()
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # it has no annotations


@contextmanager
def _bus(folder: Path, path: Path) -> Iterator[str]:
    configuration = folder / "bus.conf"
    configuration.write_text(CONFIGURATION.format(socket=escape(str(path))), encoding="utf-8")
    with (
        (folder / "bus.log").open("wb") as log,
        subprocess.Popen(
            ["dbus-daemon", "--nofork", "--nopidfile", "--print-address", f"--config-file={configuration}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as daemon,
    ):
        try:
            assert daemon.stdout is not None
            address = daemon.stdout.readline().strip()
            assert address, "dbus-daemon did not start: see bus.log"
            yield address
        finally:
            daemon.kill()
