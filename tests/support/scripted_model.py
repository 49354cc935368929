"""A model that says what a script says, on loopback, and the real client beside it. Started by client.py.

`python scripted_model.py HOME COMMAND…` serves HOME/script.json as an Anthropic endpoint, starts COMMAND with
ANTHROPIC_BASE_URL pointing at it, writes each request as one line of HOME/requests.jsonl and leaves with the
command's exit code. The command inherits this program's pipes or terminal. Standard library only.

script.json: {"agent": the name of the agent that plays, or null for the main session, "turns": [turn, …]}.
A turn is a list of `tool_use` blocks, or a string that the model says before it ends its turn.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MAIN_PROMPT, AGENT_PROMPT, PLAYED = "<<play in main>>", "<<play in agent>>", "<<played>>"


def texts(node: Any) -> list[str]:
    """The text of a request's `system`, `messages` or `content`, block by block, tool results included."""
    if isinstance(node, str):
        return [node]
    if isinstance(node, list):
        return [text for item in node for text in texts(item)]
    return texts(node.get("text") or node.get("content") or [])


def reply(script: dict[str, Any], request: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Who sent `request` (main, agent, other) and the model's next turn for it.

    How far the script is is in the request's own history, so nothing has to be kept here.
    """
    messages = request.get("messages") or [{"role": "user", "content": ""}]
    first = texts(messages[0]["content"])
    who = "agent" if AGENT_PROMPT in first else "main" if MAIN_PROMPT in first else "other"
    turns = script["turns"] if who != "other" else []
    if who == "main" and script["agent"]:
        task = {"description": "play", "prompt": AGENT_PROMPT, "run_in_background": False}
        call = {"name": "Agent", "input": {**task, "subagent_type": script["agent"]}}
        turns = [[{"type": "tool_use", "id": "call_agent", **call}]]
    said = sum(message["role"] == "assistant" for message in messages)
    turn = turns[said] if said < len(turns) else PLAYED
    return who, [{"type": "text", "text": turn}] if isinstance(turn, str) else turn


def streamed(model: str, blocks: list[dict[str, Any]]) -> bytes:
    """The turn as the server-sent events of POST /v1/messages."""
    id_ = f"msg_{os.urandom(8).hex()}"  # turns that share an id are merged by the client
    message = {"id": id_, "type": "message", "role": "assistant", "model": model, "content": []}
    usage = {"input_tokens": 1, "output_tokens": 1}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": {**message, "usage": usage}}]
    for index, block in enumerate(blocks):
        if block["type"] == "tool_use":
            empty = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        else:
            empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    stop = {"stop_reason": "end_turn" if blocks[-1]["type"] == "text" else "tool_use", "stop_sequence": None}
    events += [{"type": "message_delta", "delta": stop, "usage": usage}, {"type": "message_stop"}]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


class Server(ThreadingHTTPServer):
    def __init__(self, home: Path) -> None:
        super().__init__(("127.0.0.1", 0), Endpoint)
        self.script = json.loads((home / "script.json").read_text())
        self.record, self.lock = home / "requests.jsonl", threading.Lock()


class Endpoint(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        who, blocks = reply(self.server.script, request)
        line = json.dumps({**request, "_who": who, "_answer": blocks[-1]["type"]})
        with self.server.lock, open(self.server.record, "a") as record:
            record.write(line + "\n")
        self.send(200, streamed(request.get("model"), blocks))

    def do_GET(self) -> None:
        self.send(404, b"")

    do_HEAD = do_GET

    def send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def loopback_up() -> None:
    """In a new network namespace `lo` is down. Raises OSError without the right to change that."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def main(home: Path, command: list[str]) -> int:
    with contextlib.suppress(OSError):  # outside a namespace of our own it is up already
        loopback_up()
    server = Server(home)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    return subprocess.call(command, env={**os.environ, "ANTHROPIC_BASE_URL": url})


if __name__ == "__main__":
    if sys.argv[1] == "probe":  # is there a loopback to be had? an exception says no
        loopback_up()
    else:
        sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
