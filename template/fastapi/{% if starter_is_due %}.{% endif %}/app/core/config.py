"""Configuration: environment variables, and `.env` where there is one."""

from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: SecretStr
    # Connections per process; those of all processes stay below the server's `max_connections`.
    database_pool_size: int = Field(default=10, ge=1, le=100)
    # Serves /docs and /openapi.json.
    docs: bool = False
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    # Seconds between SIGTERM and the end of accepting connections, see `health.draining`.
    shutdown_delay: float = Field(default=0, ge=0, le=60)

    @classmethod
    def load(cls) -> Self:
        """Fails startup, listing the invalid variables."""
        try:
            return cls()
        except ValidationError as error:
            invalid = [f"{e['loc'][0]}".upper() + f": {e['msg']}" for e in error.errors()]
            raise SystemExit("Invalid configuration. " + "; ".join(invalid)) from None

    @field_validator("database_url")
    @classmethod
    def _name_the_driver(cls, value: SecretStr) -> SecretStr:
        """One driver for the service and its migrations, however the URL was written."""
        try:
            url = make_url(value.get_secret_value())
        except ArgumentError:
            raise ValueError(
                "not a URL such as postgresql://user:password@host:5432/name"
            ) from None
        if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
            raise ValueError(f"{url.drivername} is not postgresql")
        url = url.set(drivername="postgresql+psycopg")
        return SecretStr(url.render_as_string(hide_password=False))
