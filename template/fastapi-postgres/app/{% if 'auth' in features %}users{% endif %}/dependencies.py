from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from app.core.database import SessionDep
from app.users import tokens
from app.users.models import User
from app.users.service import UnauthorizedError

# It only reads the header, and documents where tokens come from.
bearer = OAuth2PasswordBearer(tokenUrl="/auth/token")


async def current_user(
    request: Request, session: SessionDep, token: Annotated[str, Depends(bearer)]
) -> User:
    """Who has signed in; 401 for nobody."""
    user_id = tokens.user_id_of(request.app.state.token_key, token)
    user = await session.get(User, user_id) if user_id is not None else None
    if user is None:
        raise UnauthorizedError("The token is not valid.")
    return user
