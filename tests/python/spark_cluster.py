"""A Spark cluster on loopback, from the wheel alone: master, workers and a Connect server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

HOST = "127.0.0.1"
_WAIT_SECONDS = 300
# A test plans hundreds of queries over few rows: compiling less is worth more than running faster,
# and what a query leaves behind should be gone before it is old.
_JAVA_OPTIONS = (
    "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m "
    "-XX:MetaspaceSize=300m -Xmn1g"
)


class SparkCluster:
    """A standalone master, workers of one core each and a Connect server, ended with the block.

    Parameters
    ----------
    folder
        Where logs, the metastore, tables and scratch files go.
    workers
        Number of workers; 0 runs everything in the Connect server, on two threads.
    memory
        Of each worker's executor, and of the server, as Java takes it.
    settings
        Spark's, beside those of a test or in their place.
    java_options
        Of the server and of executors.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 2,
        memory: str = "3g",
        settings: Mapping[str, object] | None = None,
        java_options: str = _JAVA_OPTIONS,
    ) -> None:
        self.folder = folder
        self.memory = memory
        self._settings = dict(settings or {})
        self._java_options = java_options
        self.workers: list[subprocess.Popen[bytes]] = []
        self._worker_count = workers
        self._processes: list[subprocess.Popen[bytes]] = []
        self.remote = ""
        self.server_pid = 0

    def __enter__(self) -> SparkCluster:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self) -> None:
        master = "local[2]"
        if self._worker_count:
            port = free_port()
            master = f"spark://{HOST}:{port}"
            self._spark_class(
                "master",
                "org.apache.spark.deploy.master.Master",
                "--port",
                str(port),
                "--host",
                HOST,
                "--webui-port",
                "0",
            )
            self._await_port(port, "master")
            self.workers = [self._worker(number, master) for number in range(self._worker_count)]
        port = free_port()
        self.remote = f"sc://{HOST}:{port}"
        metastore = f"jdbc:derby:;databaseName={self.folder / 'metastore'};create=true"
        settings = {
            "spark.connect.grpc.binding.port": port,
            "spark.connect.grpc.binding.address": HOST,
            "spark.sql.catalogImplementation": "hive",
            "spark.sql.warehouse.dir": self.folder / "warehouse",
            "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
            "spark.hadoop.datanucleus.schema.autoCreateAll": "true",
            "spark.hadoop.hive.metastore.schema.verification": "false",
            "spark.driver.extraJavaOptions": " ".join(
                [self._java_options, f"-Dderby.stream.error.file={self.folder / 'derby.log'}"]
            ),
            "spark.executor.extraJavaOptions": self._java_options,
            "spark.driver.host": HOST,
            "spark.driver.bindAddress": HOST,
            "spark.executor.memory": self.memory,
            "spark.local.dir": self.folder / "scratch",
            "spark.ui.enabled": "false",
            # The server keeps the plans of a thousand queries for a page that nobody opens.
            "spark.sql.ui.retainedExecutions": 1,
            "spark.ui.retainedJobs": 1,
            "spark.ui.retainedStages": 1,
            "spark.sql.maxPlanStringLength": 1000,
            # Tables of a test are small: one task a core, and a plan costs more than its rows.
            "spark.sql.shuffle.partitions": 2,
            "spark.default.parallelism": 2,
            "spark.sql.adaptive.enabled": "false",
            # Build after build compiles the same code.
            "spark.sql.codegen.cache.maxEntries": 10000,
            **self._settings,
        }
        server = self._spark_class(
            "connect",
            "org.apache.spark.deploy.SparkSubmit",
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
            *("--master", master),
            *(word for key, value in settings.items() for word in ("--conf", f"{key}={value}")),
            "spark-internal",
            # for a server it goes before spark.driver.memory
            memory=self.memory,
        )
        self.server_pid = server.pid
        self._await_port(port, "connect")

    def _worker(self, number: int, master: str) -> subprocess.Popen[bytes]:
        return self._spark_class(
            f"worker{number}",
            "org.apache.spark.deploy.worker.Worker",
            *("--host", HOST, "--cores", "1", "--memory", self.memory, "--webui-port", "0"),
            *("--work-dir", str(self.folder / "work"), master),
        )

    def _spark_class(
        self, name: str, *command: str, memory: str = "512m"
    ) -> subprocess.Popen[bytes]:
        spec = find_spec("pyspark")
        if spec is None or spec.origin is None:
            raise RuntimeError("pyspark is not installed: see requirements-spark.lock")
        spark_home = Path(spec.origin).parent
        inherited = {key: os.environ[key] for key in ("PATH", "JAVA_HOME") if key in os.environ}
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(spark_home / "bin" / "spark-class"), *command],
                cwd=self.folder,
                env={
                    **inherited,
                    "SPARK_HOME": str(spark_home),
                    "SPARK_LOCAL_IP": HOST,
                    "SPARK_DAEMON_MEMORY": memory,
                    "TZ": "UTC",
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def kill_worker(self, number: int) -> None:
        """End a worker and its executor at once, as a machine that goes away would."""
        worker = self.workers[number]
        for pid in [*_descendants(worker.pid), worker.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        worker.wait()

    def stop(self) -> None:
        """End every process of the cluster, executors among them; nobody else's."""
        for process in reversed(self._processes):
            pids = [process.pid, *_descendants(process.pid)]
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)
        self._processes.clear()

    def _await_port(self, port: int, name: str) -> None:
        process = self._processes[-1]
        limit = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < limit:
            if process.poll() is not None:
                break
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex((HOST, port)) == 0:
                    return
            time.sleep(0.2)
        log = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"Spark's {name} did not start:\n{log[-4000:]}")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def has_java() -> bool:
    """Whether a Java runtime is at hand."""
    return shutil.which("java") is not None or "JAVA_HOME" in os.environ


def _descendants(pid: int) -> list[int]:
    """Processes below a process, deepest first (Linux)."""
    found: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in tasks.read_text(encoding="ascii").split():
                found += [*_descendants(int(child)), int(child)]
    return found


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """`python spark_cluster.py <folder> [workers]`: a cluster until it is interrupted."""
    workers = int(arguments[1]) if len(arguments) > 1 else 2
    with SparkCluster(Path(arguments[0]), workers=workers) as cluster:
        sys.stdout.write(f"SPARK_REMOTE={cluster.remote}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1:])
