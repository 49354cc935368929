from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.core.database import SessionDep
from app.users import service
from app.users.models import User

BearerDep = Annotated[
    HTTPAuthorizationCredentials, Depends(HTTPBearer(description="From `POST /auth/token`."))
]


async def current_user(session: SessionDep, bearer: BearerDep) -> User:
    """Who has signed in; 401 for anybody else."""
    user = await service.user_of(session, bearer.credentials)
    if user is None:
        raise service.UnauthorizedError("The token is not valid.")
    return user


CurrentUser = Annotated[User, Depends(current_user)]
