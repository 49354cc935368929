"""For manage.py: migrations and backfills outlast a request's timeouts and may need a role that can alter tables."""

from config.database import COMMAND_OPTIONS
from config.settings import *
from config.settings import database, env

url = env.str("MIGRATION_DATABASE_URL", default="") or env.str("DATABASE_URL")
DATABASES = {"default": database(url, COMMAND_OPTIONS)}
