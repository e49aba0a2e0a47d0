"""When counts are due, and when they go; the dispatcher asks."""

from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now

from integrations.bulk import MESSAGE_EXPIRES, Queue
from integrations.chores import Chore
from numbers.models import FigureCount

# Somebody looks at the page: a count is short, but no more than these may hold workers at once.
QUEUE = Queue("numbers_figurecount", ("waiting", "running"), share=0.25)
UNUSED = timedelta(days=7)


def publish(count_id: UUID) -> None:
    """To Celery, which the web must not know."""
    from numbers.tasks import count_figures

    count_figures.apply_async(
        kwargs={"count_id": str(count_id)}, expires=MESSAGE_EXPIRES, retry=False
    )


def forget() -> None:
    """Figures that nobody has asked for lately."""
    FigureCount.objects.filter(created_at__lt=Now() - UNUSED).delete()


CHORE = Chore(QUEUE.due, publish, QUEUE.unstamp, forget)
