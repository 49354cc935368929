"""What needs no database: tokens, hashes, validation, GraphQL, sockets, caches."""

import asyncio
import socket
import time
from datetime import UTC, datetime, timedelta

import argon2
import jwt
import pytest
import redis
import strawberry
from proves import proves
from pydantic import BaseModel, Field, ValidationError
from starlette.testclient import TestClient
from strawberry.asgi import GraphQL
from strawberry.permission import BasePermission

KEY = "k" * 32


@proves("a role inside a token stays valid until the token expires")
def test_a_role_in_a_token():
    roles = {"1": "admin"}
    token = jwt.encode({"sub": "1", "role": roles["1"], "exp": datetime.now(UTC) + timedelta(minutes=15)}, KEY, algorithm="HS256")
    roles["1"] = "none"
    assert jwt.decode(token, KEY, algorithms=["HS256"])["role"] == "admin"


@proves("Passwords: argon2id, few hashes at a time (64 MiB each by default).")
def test_a_hash_takes_64_mib():
    hasher = argon2.PasswordHasher()
    assert hasher.type is argon2.Type.ID and hasher.memory_cost == 64 * 1024  # KiB


class Change(BaseModel):
    password: str | None = Field(default=None, min_length=12)


@proves("Unknown fields are a 400 or 422, never ignored.", "A PATCH with an empty body is a 400.")
def test_a_misspelled_field_and_an_empty_body_are_valid():
    assert Change.model_validate({"pasword": "correct horse"}) == Change.model_validate({}) == Change()


@proves("A validation error names every wrong field, but not its value")
def test_a_validation_error_holds_the_password():
    with pytest.raises(ValidationError) as failure:
        Change.model_validate({"password": "hunter2"})
    assert failure.value.errors()[0]["input"] == "hunter2"


class Nobody(BasePermission):
    message = "no"

    def has_permission(self, *_: object, **__: object) -> bool:
        return False


@strawberry.type
class Query:
    secret: str = strawberry.field(resolver=lambda: "secret", permission_classes=[Nobody])


@proves("HTTP stays 200 on errors, so monitoring must read `errors`")
def test_a_graphql_error_is_a_200():
    response = TestClient(GraphQL(strawberry.Schema(Query))).post("/", json={"query": "{ secret }"})
    assert response.status_code == 200 and response.json()["errors"][0]["message"] == "no"


@proves("A slow client is disconnected: what it has not read fills the memory.")
def test_a_client_that_does_not_read():
    async def write() -> int:
        connected = asyncio.Event()
        size = 0

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal size
            for _ in range(200):
                writer.write(b"x" * 100_000)  # without waiting for the client
            size = writer.transport.get_write_buffer_size()
            connected.set()
            writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        _, client = await asyncio.open_connection(*server.sockets[0].getsockname())
        await asyncio.wait_for(connected.wait(), 20)
        client.close()
        server.close()
        return size

    assert asyncio.run(write()) > 5_000_000  # bytes held for one client


@proves("A cache that is down or slow is a miss within a short timeout, never an error.")
def test_a_cache_that_is_down_raises_or_waits():
    with pytest.raises(redis.ConnectionError):
        redis.Redis(port=1).get("key")
    silent = socket.create_server(("127.0.0.1", 0))  # accepts, and answers nothing
    start = time.monotonic()
    with pytest.raises(redis.TimeoutError):
        redis.Redis(port=silent.getsockname()[1], socket_timeout=0.2, retry=None).get("key")
    assert time.monotonic() - start < 5
