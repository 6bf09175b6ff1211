"""What a browser does beside showing a page: what it asks for, keeps, and complains about."""

from playwright.sync_api import BrowserContext


class Watch:
    """What a context asks for and complains about."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self._context, self._origin = context, origin
        self._asked: list[str] = []
        self._said: list[str] = []
        context.on("request", lambda request: self._asked.append(request.url))
        context.on("console", lambda message: self._said.append(f"{message.type}: {message.text}"))
        context.on("weberror", lambda error: self._said.append(f"error: {error.error}"))

    @property
    def asked(self) -> int:
        return len(self._asked)

    def complaints(self) -> list[str]:
        """Requests to others, cookies, and errors but for the line about a document's status."""
        status = "error: Failed to load resource: the server responded with a status of"
        foreign = [url for url in self._asked if not url.startswith(f"{self._origin}/")]
        cookies = [f"cookie {cookie['name']}" for cookie in self._context.cookies()]
        said = [
            one
            for one in self._said
            if one.startswith(("error", "warning")) and not one.startswith(status)
        ]
        return foreign + cookies + said
