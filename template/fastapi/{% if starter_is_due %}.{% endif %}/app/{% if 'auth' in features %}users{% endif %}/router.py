from fastapi import APIRouter, Depends, Request

from app.core.database import SessionDep
from app.core.errors import problems
from app.users import service
from app.users.dependencies import BearerDep, current_user
from app.users.schemas import Credentials, Token

router = APIRouter(prefix="/auth", tags=["auth"])


# Sign-in for this service's own client. Not OAuth's password grant, which RFC 9700 forbids: a
# third-party application gets its tokens by the authorization code flow and never sees a password.
@router.post("/token", status_code=201, responses=problems(400, 401, 408, 413, 422, 429))
async def create_token(request: Request, session: SessionDep, body: Credentials) -> Token:
    token, expires_at = await service.sign_in(
        session,
        body.email,
        body.password.get_secret_value(),
        # Behind a proxy this is the proxy's, until FORWARDED_ALLOW_IPS names that to uvicorn.
        address=request.client.host if request.client else "",
    )
    return Token(token=token, expires_at=expires_at)


@router.delete(
    "/token", status_code=204, responses=problems(401), dependencies=[Depends(current_user)]
)
async def revoke_token(session: SessionDep, bearer: BearerDep) -> None:
    await service.sign_out(session, bearer.credentials)
