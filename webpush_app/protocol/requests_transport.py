"""The portable transport: one Requests session and a few threads. What Requests does for browsers' sake (redirects,
cookies, proxies, retries) is turned off, and every exchange has one deadline for everything."""

import logging
import ssl
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException, IncompleteRead
from http.cookiejar import DefaultCookiePolicy
from queue import Empty, SimpleQueue

from requests import RequestException, Response, Session
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema, SSLError, Timeout
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError, LocationValueError

from webpush_app.protocol.connecting import LATE, Adapter, Way, current_way
from webpush_app.protocol.source import Source
from webpush_app.protocol.transport import (
    DEADLINE_SECONDS,
    IDLE_SECONDS,
    MAX_ANSWER_BYTES,
    PUBLIC,
    AddressRule,
    Answer,
    NoAnswer,
    Request,
    Resolver,
    Trouble,
    by_dns,
)

# It writes whole paths into the log, and the path of an endpoint is a secret.
logging.getLogger("urllib3").setLevel(logging.ERROR)

_News = SimpleQueue[Future[Answer | NoAnswer] | None]
"""What an exchange waits for: answers, and None when somebody wants it to look again."""


class _Session(Session):
    def get_redirect_target(self, resp: Response) -> str | None:  # noqa: ARG002 - the signature is theirs
        """None, whatever the answer says: with `allow_redirects=False` Requests would still read its whole body."""
        return None


class RequestsTransport:
    def __init__(
        self,
        *,
        rule: AddressRule = PUBLIC,
        resolve: Resolver = by_dns,
        ca_file: str | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
        parallel: int = 16,
    ) -> None:
        self._rule = rule
        self._resolve = resolve
        self._deadline_seconds = deadline_seconds
        self.parallel = parallel
        self._session = _session(ca_file, parallel)
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="push")
        self._news: _News = SimpleQueue()

    def exchange(
        self,
        requests: Iterable[tuple[int, Request] | None],
        answered: Callable[[int, Answer | NoAnswer], None],
    ) -> None:
        source = Source(requests, answered)
        flying: dict[Future[Answer | NoAnswer], int] = {}
        news: _News = SimpleQueue()
        self._news = news

        def tell(came: Future[Answer | NoAnswer] | None) -> None:
            if came is not None:
                source.tell(flying.pop(came), came.result())

        try:
            while flying or not source.is_over:
                while len(flying) < self.parallel and (pulled := source.pull()):
                    future = self._threads.submit(self._answer, pulled[1])
                    flying[future] = pulled[0]
                    future.add_done_callback(news.put)
                    while not news.empty():  # an answer need not wait until the next request is encrypted
                        tell(news.get())
                if flying or source.rests:
                    with suppress(Empty):
                        tell(news.get(timeout=IDLE_SECONDS if source.rests else None))
                    source.rests = False
        finally:
            for future in flying:
                future.cancel()  # what is under way ends by itself, at its deadline at the latest
        source.finish()

    def wake(self) -> None:
        self._news.put(None)

    def close(self) -> None:
        self._threads.shutdown()
        self._session.close()

    def _answer(self, request: Request) -> Answer | NoAnswer:
        way = Way(self._rule, self._resolve, self._deadline_seconds)
        mine = current_way.set(way)
        try:
            return self._post(request, way)
        except (RequestException, HTTPError, HTTPException, OSError, ValueError) as problem:
            return way.stopped_by or _trouble(problem, way)
        finally:
            current_way.reset(mine)

    def _post(self, request: Request, way: Way) -> Answer:
        with self._session.post(
            request.url,
            data=request.body,
            headers=dict(request.headers),
            stream=True,
            allow_redirects=False,
            timeout=self._deadline_seconds,
        ) as response:
            if way.is_at_end:
                raise ConnectionResetError
            body = _beginning(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
            is_cut = len(body) > MAX_ANSWER_BYTES
            return Answer(response.status_code, headers, body[:MAX_ANSWER_BYTES], is_cut)


def _session(ca_file: str | None, parallel: int) -> Session:
    trusted = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    if ca_file is not None:
        trusted.load_verify_locations(ca_file)
    session = _Session()
    session.trust_env = False  # neither proxies, nor passwords from .netrc, nor other authorities
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    session.headers.clear()
    session.headers.update({"User-Agent": "webpush", "Accept-Encoding": "identity"})
    session.adapters.clear()
    session.mount("https://", Adapter(trusted, parallel))
    return session


def _beginning(response: Response) -> bytes:
    """One byte more than is kept, if there are so many. Only a read at the end of a body says whether it was whole."""
    body = b""
    while len(body) <= MAX_ANSWER_BYTES:
        piece = response.raw.read(MAX_ANSWER_BYTES + 1 - len(body), decode_content=False)
        if not piece:
            break
        body += piece
    return body


# The innermost error says what happened, the others wrap it. First match wins: those of Requests are OSErrors too.
_TROUBLES: tuple[tuple[type[Exception], Trouble, str], ...] = (
    (InvalidSchema, Trouble.ADDRESS_REFUSED, "only https addresses are called"),
    (InvalidURL, Trouble.ADDRESS_REFUSED, "only https addresses are called"),
    (MissingSchema, Trouble.ADDRESS_REFUSED, "only https addresses are called"),
    (LocationValueError, Trouble.ADDRESS_REFUSED, "only https addresses are called"),
    (Timeout, Trouble.TIMEOUT, LATE),
    (TimeoutError, Trouble.TIMEOUT, LATE),
    (SSLError, Trouble.TLS, "no trust in the connection"),
    (RequestsConnectionError, Trouble.RESET, "the connection ended before the answer did"),
    (RequestException, Trouble.BAD_ANSWER, "it could not be asked"),
    (OSError, Trouble.RESET, "the connection ended before the answer did"),
    (IncompleteRead, Trouble.RESET, "the connection ended before the answer did"),
)


def _trouble(problem: BaseException, way: Way) -> NoAnswer:
    """Of an error that the way did not note itself. Words of libraries are left out: they repeat the URL."""
    while problem.__context__ is not None:
        problem = problem.__context__
    name = type(problem).__name__
    for kind, trouble, detail in _TROUBLES:
        if isinstance(problem, kind):
            return NoAnswer(trouble, f"{detail} ({name})")
    if way.is_at_end:
        return NoAnswer(Trouble.RESET, f"the answer broke off ({name})")
    return NoAnswer(Trouble.BAD_ANSWER, f"what came was no HTTP answer ({name})")
