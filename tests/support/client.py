"""The real Claude Code client, driven by a scripted model on loopback: no key, no model, no network.

`run()` plays tool calls in a repository, in the main session or inside the agent, and says what the client
did with each. The judge is the client's own protocol, never the wording of a message: a call that would
prompt a person sends `can_use_tool` to its host (this program, which says no), and every result comes with
its `permission_decision`. `prompt_screen()` shows such a question as a person sees it.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import io
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
import scripted_model
from scripted_model import MAIN_PROMPT, texts

VERSION = "2.1.329"  # a newer client: change this line, run the tests, read what now differs
AGENT = "backend-developer"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / f"claude-code-{VERSION}"
QUESTION = "Do you want to"  # what every permission question on the screen holds
KEY = "no-key-is-needed-on-loopback"


class ClientUnavailable(RuntimeError):
    """The client cannot be had on this machine; the message says why."""


class NotPlayed(RuntimeError):
    """The client ended before it had answered every call of the script; the message holds its last words."""


@dataclass(frozen=True)
class Call:
    """One tool call of the scripted model: a tool's name as the model types it, and its input."""

    tool: str
    input: dict[str, Any]


def bash(command: str) -> Call:
    return Call("Bash", {"command": command, "description": "scripted"})


def read(path: Path | str) -> Call:
    return Call("Read", {"file_path": str(path)})


def write(path: Path | str, content: str) -> Call:
    return Call("Write", {"file_path": str(path), "content": content})


def edit(path: Path | str, old: str, new: str) -> Call:
    return Call("Edit", {"file_path": str(path), "old_string": old, "new_string": new})


@dataclass(frozen=True)
class Result:
    """What the client did with a call.

    outcome: `ran` (let through, whether the tool then succeeded or not), `asked` (would prompt a person),
    `denied` (by a rule or the mode), `blocked` (by a PreToolUse hook), `invalid` (refused before permissions
    were looked at: no such tool, bad input, a file changed since it was read). text: the whole tool_result as
    the model got it; a refusal quotes the command. reason: the client's word on its decision, often empty.
    """

    call: Call
    outcome: str
    text: str
    reason: str = ""


@dataclass(frozen=True)
class Run:
    """One run of the client: results in the order of the calls, and what went over the wire.

    requests: bodies of POST /v1/messages, in order, by whoever played the script; main_requests: by the main
    session. questions: each `can_use_tool`, also those without a call (tool_name `SandboxNetworkAccess`).
    init: the client's first event (agents, tools, permissionMode, …). debug: its debug log.
    """

    results: list[Result]
    questions: list[dict[str, Any]]
    init: dict[str, Any]
    requests: list[dict[str, Any]]
    main_requests: list[dict[str, Any]]
    debug: str

    @property
    def agents(self) -> list[str]:
        """The agents that the client loaded, its own among them."""
        return list(self.init["agents"])

    @property
    def tools(self) -> list[str]:
        """The player's tools, as its request offers them to the model."""
        return [tool["name"] for tool in self.requests[0]["tools"]]

    @property
    def model(self) -> str:
        return str(self.requests[0]["model"])

    @property
    def system(self) -> str:
        return "\n".join(texts(self.requests[0]["system"]))

    @property
    def stops(self) -> int:
        """How often the player ended its turn: more than once if a Stop hook sent it on."""
        return sum(request["_answer"] == "text" for request in self.requests)

    @property
    def warnings(self) -> list[str]:
        """Warnings and errors in the debug log, but for the note it makes on each command that fails."""
        return [line for line in self.debug.splitlines() if re.search(r"\[(WARN|ERROR)\] (?!\[Stall)", line)]

    def sent(self) -> str:
        """All text the player was ever sent: system, messages, tool results."""
        return "\n".join(texts(self.requests[-1]["system"]) + texts(self.requests[-1]["messages"]))

    def arrived(self, index: int) -> str:
        """The text that first reached the player with the answer to call `index` (one call a turn)."""
        played = [n for n, request in enumerate(self.requests) if request["_answer"] == "tool_use"][index]
        known = set(texts(self.requests[played]["messages"]))
        return "\n".join(text for text in texts(self.requests[played + 1]["messages"]) if text not in known)


def client_binary() -> Path:
    """The pinned client's native binary; the first call installs it from npm into the project's cache.

    Raises ClientUnavailable without npm, a registry that has the client, or a build for this platform.
    """
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system())
    cpu = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine())
    binary = CACHE / "node_modules" / "@anthropic-ai" / f"claude-code-{system}-{cpu}" / "claude"
    if binary.exists():
        return binary
    if not (system and cpu and shutil.which("npm")):
        raise ClientUnavailable(f"no npm, or no client for {platform.system()} {platform.machine()}")
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with open(CACHE.with_name(CACHE.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one pytest-xdist worker installs, the others wait
        if not binary.exists():
            fresh = Path(tempfile.mkdtemp(dir=CACHE.parent))
            command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]
            command += [str(fresh), f"@anthropic-ai/claude-code@{VERSION}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
            if not (fresh / binary.relative_to(CACHE)).exists():
                shutil.rmtree(fresh)
                raise ClientUnavailable(f"npm could not install it: {done.stderr.strip()[-500:]}")
            shutil.rmtree(CACHE, ignore_errors=True)
            fresh.rename(CACHE)  # whole or not at all
    return binary


@functools.cache
def namespace() -> tuple[str, ...]:
    """The command prefix that leaves a program nothing but loopback; empty where that is not allowed."""
    for prefix in (("unshare", "-n"), ("unshare", "-rn")):
        probe = [*prefix, sys.executable, scripted_model.__file__, "probe"]
        with contextlib.suppress(OSError):
            if subprocess.run(probe, capture_output=True).returncode == 0:
                return prefix
    return ()


@contextlib.contextmanager
def _stage(repo: Path, turns: list[Any], *, agent: bool, env: dict[str, str] | None = None, isolated: bool = True) -> Iterator[tuple[Path, list[str], dict[str, str]]]:
    """A throw-away home that trusts `repo`; yields it, the command without arguments, the environment."""
    binary = client_binary()
    home = Path(tempfile.mkdtemp(prefix="cc-"))  # short: the client puts sockets below it
    (home / "tmp").mkdir()
    (home / "requests.jsonl").touch()
    (home / "script.json").write_text(json.dumps({"agent": AGENT if agent else None, "turns": turns}))
    settled = {
        "hasCompletedOnboarding": True,
        "bypassPermissionsModeAccepted": True,
        "customApiKeyResponses": {"approved": [KEY[-20:]]},
        "projects": {str(repo): {"hasTrustDialogAccepted": True}},
    }
    (home / ".claude.json").write_text(json.dumps(settled))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ANTHROPIC_API_KEY": KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_TMPDIR": str(home / "tmp"),
        "DISABLE_AUTOUPDATER": "1",
        "IS_SANDBOX": "1",  # lets root use bypassPermissions
        **(env or {}),
    }
    prefix = namespace() if isolated else ()
    try:
        yield home, [*prefix, sys.executable, scripted_model.__file__, str(home), str(binary)], environment
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _script(calls: Sequence[Call | str], parallel: int) -> list[Any]:
    turns: list[Any] = []
    for n, call in enumerate(calls):
        if isinstance(call, str):
            turns.append(call)
        else:
            if not (turns and isinstance(turns[-1], list) and len(turns[-1]) < parallel):
                turns.append([])
            turns[-1].append({"type": "tool_use", "id": f"call_{n}", "name": call.tool, "input": call.input})
    return turns


def run(
    repo: Path,
    calls: Sequence[Call | str],
    *,
    agent: bool = True,
    mode: str | None = None,
    env: dict[str, str] | None = None,
    approve: bool = False,
    parallel: int = 1,
    isolated: bool = True,
    args: tuple[str, ...] = (),
    timeout: float = 180,
) -> Run:
    """Play `calls` in `repo` in one run of the client, and say what it did with each.

    agent: inside the agent `backend-developer`, else in the main session. mode: a permission mode. env: added
    to a bare environment. approve: say yes where the client asks (the outcome stays `asked`). parallel: how
    many calls are in one turn of the model; many take half the time; each is judged alone, a refused or failed
    one cancels no other, but their order is theirs. isolated: no network but loopback. args: for the client. timeout:
    seconds. A plain string among the calls is said by the model, which then ends its turn; what
    follows is played if a Stop hook sends it on. Raises NotPlayed if a call got no answer, ClientUnavailable.
    """
    repo = Path(repo).resolve()
    with _stage(repo, _script(calls, parallel), agent=agent, env=env, isolated=isolated) as stage:
        home, command, environment = stage
        command += ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
        command += ["--permission-prompt-tool", "stdio", "--debug-file", str(home / "debug.log")]
        command += ["--permission-mode", mode] if mode else []
        if mode == "plan":  # else a classifier on the vendor's servers judges what no rule decides
            command += ["--settings", '{"disableAutoMode": "disable"}']
        events, stderr = _converse([*command, *args], repo, environment, approve, timeout)
        requests = [json.loads(line) for line in (home / "requests.jsonl").read_text().splitlines()]
        log = home / "debug.log"
        debug = log.read_text(errors="replace") if log.exists() else ""
    main = [request for request in requests if request["_who"] == "main"]
    mine = [request for request in requests if request["_who"] == "agent"] if agent else main
    results = _judge(calls, events, mine)
    if not mine or len(results) < sum(isinstance(call, Call) for call in calls):
        said = [text for event in events if event["type"] == "user" for text in texts(event["message"])]
        raise NotPlayed(f"{len(results)} of {len(calls)} calls answered: {said[-2:]} {stderr[-500:]}")
    init = next(event for event in events if event.get("subtype") == "init")
    questions = [event["request"] for event in events if event["type"] == "control_request"]
    return Run(results, questions, init, mine, main, debug)


def _converse(command: list[str], repo: Path, environment: dict[str, str], approve: bool, timeout: float) -> tuple[list[dict[str, Any]], str]:
    """Run the client over its stream-json protocol, answering its questions; its events, and its stderr."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=repo, env=environment, start_new_session=True, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdin and process.stdout and process.stderr
    stdin, stdout, errors = process.stdin, process.stdout, process.stderr
    stderr: list[str] = []
    drain = threading.Thread(target=lambda: stderr.append(errors.read()), daemon=True)
    drain.start()
    killer = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
    killer.start()

    def say(message: dict[str, Any]) -> None:
        stdin.write(json.dumps(message) + "\n")
        stdin.flush()

    events = []
    try:
        say({"type": "user", "message": {"role": "user", "content": MAIN_PROMPT}})
        for line in stdout:
            events.append(event := json.loads(line))
            if event["type"] == "control_request":
                answer = {"behavior": "deny", "message": "asked, and nobody said yes"}
                if approve:
                    answer = {"behavior": "allow", "updatedInput": event["request"]["input"]}
                body = {"subtype": "success", "request_id": event["request_id"], "response": answer}
                say({"type": "control_response", "response": body})
            elif event["type"] == "result":
                stdin.close()  # the client leaves at the end of its input
        process.wait()
    except BrokenPipeError:
        pass  # it left early; the caller sees what is missing
    finally:
        killer.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # and what a call left behind in the background
        process.wait()
        drain.join(5)
    return events, "".join(stderr)


def _judge(calls: Sequence[Call | str], events: list[dict[str, Any]], requests: list[dict[str, Any]]) -> list[Result]:
    """A result for each call that the model got an answer to, in the order of the calls."""
    asked, decisions, answers = dict[str, str](), dict[str, Any](), dict[str, str]()
    for event in events:
        if event["type"] == "control_request":
            question = event["request"]
            why = question.get("decision_reason") or question.get("decision_reason_type") or ""
            asked[question.get("tool_use_id")] = why
        for meta in event.get("tool_result_meta") or []:
            decisions[meta["id"]] = meta.get("permission_decision")
    for message in [message for request in requests for message in request["messages"]]:
        for block in message["content"] if isinstance(message["content"], list) else []:
            if block["type"] == "tool_result":
                answers.setdefault(block["tool_use_id"], "\n".join(texts(block)))
    results = []
    for n, call in enumerate(calls):
        id_ = f"call_{n}"
        if isinstance(call, str) or id_ not in answers:
            continue
        decision = decisions.get(id_) or {}
        refused = "blocked" if decision.get("source") == "hook" else "denied"
        outcome = {"accept": "ran", "reject": refused}.get(str(decision.get("decision")), "invalid")
        reason = asked.get(id_) or decision.get("reason_type", "")
        results.append(Result(call, "asked" if id_ in asked else outcome, answers[id_], reason))
    return results


def prompt_screen(
    repo: Path,
    call: Call,
    *,
    agent: bool = True,
    mode: str | None = "manual",
    env: dict[str, str] | None = None,
    timeout: float = 60,
) -> str:
    """Play one call in the interactive client in a pseudo-terminal; the screen's text as a person reads it.

    Holds QUESTION if the client stopped to ask; returns once it did, once the call was answered without, or
    after `timeout` seconds. In the client's screen-reader mode: the same questions, as plain lines. mode: a
    permission mode; None leaves it to the settings, and if they name none it is `auto`, not playable here.
    """
    repo, player, screen = Path(repo).resolve(), "agent" if agent else "main", io.StringIO()
    env = {"TERM": "xterm-256color", **(env or {})}
    with _stage(repo, _script([call], 1), agent=agent, env=env) as (home, command, environment):
        command += ["--ax-screen-reader", *(["--permission-mode", mode] if mode else []), MAIN_PROMPT]
        child = pexpect.spawn(command[0], command[1:], cwd=str(repo), env=environment, dimensions=(60, 160), encoding="utf-8", timeout=0.5)
        child.logfile_read = screen
        end = time.monotonic() + timeout
        while time.monotonic() < end and child.expect([pexpect.TIMEOUT, QUESTION, pexpect.EOF]) == 0:
            lines = (home / "requests.jsonl").read_text().splitlines()
            if sum(json.loads(line)["_who"] == player for line in lines) > 1:  # the call has its answer
                break
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
            child.expect("Esc to cancel")  # the choices are below the question
        child.close(force=True)
    return re.sub(r"\x1b(\[[\d;?<>=]*[A-Za-z]|\][^\x07\x1b]*(\x07|\x1b\\)|.)|[\r\x07]", "", screen.getvalue())


def doctor_text(repo: Path) -> str:
    """What `claude doctor` prints in `repo` (it leaves with 0 whatever it finds)."""
    with _stage(Path(repo).resolve(), [], agent=False) as (_, command, environment):
        done = subprocess.run([*command, "doctor"], cwd=repo, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr
