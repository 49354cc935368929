from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from app.core.database import SessionDep
from app.core.errors import problems
from app.users import service, tokens
from app.users.schemas import Credentials, Token

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/token", responses=problems(400, 401, 413, 422, 429))
async def create_token(
    request: Request,
    response: Response,
    session: SessionDep,
    credentials: Annotated[Credentials, Form()],
) -> Token:
    user = await service.sign_in(
        session,
        credentials.username,
        credentials.password.get_secret_value(),
        # Behind a proxy this is the proxy, until FORWARDED_ALLOW_IPS names it to uvicorn.
        address=request.client.host if request.client else "",
    )
    response.headers["Cache-Control"] = "no-store"
    return Token(
        access_token=tokens.issue(request.app.state.token_key, user.id),
        expires_in=int(tokens.LIFETIME.total_seconds()),
    )
