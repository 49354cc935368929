from django.core.management.base import BaseCommand

from apps.users import services


class Command(BaseCommand):
    help = "Deletes expired tokens and old counts of sign-ins. Run it daily."

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"{services.clear_expired()} rows deleted")
