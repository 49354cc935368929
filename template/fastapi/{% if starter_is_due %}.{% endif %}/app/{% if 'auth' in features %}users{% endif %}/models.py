from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    # In lower case, so that it is unique however it is typed.
    email: Mapped[str] = mapped_column(String(254), unique=True)
    # Not loaded with the user, and reading it raises: who needs it selects the column by name.
    password_hash: Mapped[str] = mapped_column(String(255), deferred=True, deferred_raiseload=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]


class AccessToken(Base):
    """Deleting the row revokes the token."""

    __tablename__ = "access_tokens"

    # SHA-256: whoever reads this table cannot sign in with it.
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]


class SignInAttempts(Base):
    """Recent sign-in attempts: a row per address, and one per account and address."""

    __tablename__ = "sign_in_attempts"

    # SHA-256: what people type into the field is not stored.
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    attempts: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(index=True)
