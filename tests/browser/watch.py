"""What a browser does beside showing a page: what it asks for, keeps, and complains about."""

from playwright.sync_api import BrowserContext

_REPORT = """addEventListener('securitypolicyviolation',
    event => console.error(`policy ${event.effectiveDirective} stops ${event.blockedURI}`))"""
_STATUS_OF_PAGE = "error: Failed to load resource: the server responded with a status of"


class Watch:
    """What a context asks others for, keeps, and complains about, as it happens."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._asked: list[str] = []
        self._said: list[str] = []
        context.add_init_script(_REPORT)
        context.on("request", lambda request: self._asked.append(request.url))
        context.on("console", lambda message: self._said.append(f"{message.type}: {message.text}"))
        context.on("weberror", lambda error: self._said.append(f"error: {error.error}"))

    def complaints(self, origin: str) -> list[str]:
        """Since the last look: requests to any but `origin`, cookies, and errors.

        The browser's own line about the status of a page is none.
        """
        foreign = [url for url in self._asked if not url.startswith(f"{origin}/")]
        cookies = [f"cookie {cookie['name']}" for cookie in self._context.cookies()]
        said = [
            one
            for one in self._said
            if one.startswith(("error", "warning")) and not one.startswith(_STATUS_OF_PAGE)
        ]
        self._asked.clear()
        self._said.clear()
        return foreign + cookies + said
