"""Starts the servers of a run on free ports of 127.0.0.1, each in a folder of its own."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from string import Template
from tempfile import mkdtemp

from bench.processes import cores_of_servers, free_port, program, running

_CONFIGS = Path(__file__).parent / "configs"


class _Config(Template):
    delimiter = "@"


@dataclass(frozen=True)
class Server:
    """A server that runs: its port, and the id of its first process."""

    port: int
    pid: int


@dataclass(frozen=True)
class Servers:
    """Starts servers, with so many workers each and as many cores; `stack` ends them.

    All raise Failed.
    """

    stack: ExitStack
    folder: Path
    workers: int

    def python(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Server:
        """A Python program that reads where to listen from PORT."""
        port = free_port()
        settings = {"PORT": str(port), "WEB_CONCURRENCY": str(self.workers)}
        return self._run(
            [sys.executable, *arguments], port, self._folder(), {**settings, **(environ or {})}
        )

    def beside(self, *arguments: str) -> Server:
        """A Python program that is no candidate, on the cores of the load."""
        port = free_port()
        command, environ = [sys.executable, *arguments], {"PORT": str(port)}
        pid = self.stack.enter_context(running(command, port, self._folder(), environ))
        return Server(port, pid)

    def nginx(self, config: str, **values: object) -> Server:
        port, folder = free_port(), self._folder()
        path = self._written(config, folder, port=port, workers=self.workers, **values)
        return self._run([program("nginx"), "-p", f"{folder}/", "-c", str(path)], port, folder)

    def varnish(self, config: str, **values: object) -> Server:
        port, folder = free_port(), self._folder()
        path = self._written(config, folder, **values)
        listen = ["-j", "none", "-F", "-n", str(folder), "-a", f"127.0.0.1:{port}"]
        sizes = ["-s", "malloc,256m", "-p", "thread_pool_min=200"]
        return self._run([program("varnishd"), *listen, "-f", str(path), *sizes], port, folder)

    def redis(self) -> Server:
        port, folder = free_port(), self._folder()
        listen = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
        return self._run([program("redis-server"), *listen, "--save", ""], port, folder)

    def _run(
        self,
        command: Sequence[str],
        port: int,
        folder: Path,
        environ: Mapping[str, str] | None = None,
    ) -> Server:
        cores = cores_of_servers(self.workers)
        started = running(command, port, folder, environ, cores)
        return Server(port, self.stack.enter_context(started))

    def _folder(self) -> Path:
        """One that nginx's workers may enter, who are somebody else if it is started by root."""
        folder = Path(mkdtemp(dir=self.folder))
        folder.chmod(0o755)
        return folder

    def _written(self, config: str, folder: Path, **values: object) -> Path:
        path = folder / config
        path.write_text(_Config((_CONFIGS / config).read_text("utf-8")).substitute(values), "utf-8")
        return path
