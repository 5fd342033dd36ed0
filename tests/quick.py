"""How tests ask the shared platform, tens of thousands of times: httpx, over aiohttp's parser in C."""

from typing import Any

import aiohttp
import httpx
from yarl import URL

LARGE = 50_000
NO_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Quick(httpx.AsyncBaseTransport):
    """
    Sends what httpx made.

    But for headers that are not ASCII, which aiohttp would write anew, and for what is answered
    before it is read, where aiohttp tells of the broken connection and not of the answer.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._exact = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        headers, content = request.headers.raw, await request.aread()
        if len(content) > LARGE or not all(value.isascii() for _, value in headers):
            return await self._exact.handle_async_request(request)
        try:
            return await self._asked(request, [(n.decode(), v.decode()) for n, v in headers])
        except TimeoutError as late:
            raise httpx.ReadTimeout(str(late), request=request) from late
        except aiohttp.ClientError as error:
            raise httpx.ReadError(str(error), request=request) from error

    async def _asked(self, request: httpx.Request, headers: Any) -> httpx.Response:
        if self._session is None:  # Not in the constructor: it belongs to a loop.
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=NO_HEADERS,
                timeout=aiohttp.ClientTimeout(total=request.extensions["timeout"]["read"]),
            )
        url = URL(str(request.url), encoded=True)
        async with self._session.request(
            request.method,
            url,
            headers=headers,
            data=await request.aread() or None,
            allow_redirects=False,
        ) as answer:
            content = await answer.read()
            return httpx.Response(answer.status, headers=answer.raw_headers, content=content)

    async def aclose(self) -> None:
        await self._exact.aclose()
        if self._session is not None:
            await self._session.close()
