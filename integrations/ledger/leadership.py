"""Which of the dispatchers leads: the one that holds the lease in `integrations_leadership`.

A lock of a session would be held as long as PostgreSQL takes the session for alive, also by a
dispatcher that is stopped or cut off. A lease ends by itself. The leader renews it in each round,
on the connection on which it listens; one that was away finds the next term begun, and stands back.
Two leaders for a moment do no harm: work is claimed by compare-and-set
(integrations/ledger/leases.py).
"""

from dataclasses import dataclass
from datetime import timedelta

import psycopg

LEADERSHIP_LEASE = timedelta(seconds=8)

CREATE_LEADERSHIP_SQL = """
INSERT INTO integrations_leadership (id, holder, term) VALUES (1, '', 0) ON CONFLICT DO NOTHING
"""
TAKE_LEADERSHIP_SQL = """
UPDATE integrations_leadership
SET holder = %(instance)s, term = term + 1, renewed_at = statement_timestamp()
WHERE holder IN ('', %(instance)s) OR renewed_at < statement_timestamp() - %(lease)s
RETURNING term
"""
RENEW_LEADERSHIP_SQL = """
UPDATE integrations_leadership SET renewed_at = statement_timestamp()
WHERE holder = %(instance)s AND term = %(term)s
"""
RELEASE_LEADERSHIP_SQL = """
UPDATE integrations_leadership SET holder = '' WHERE holder = %(instance)s AND term = %(term)s
"""


@dataclass
class LeadershipLease:
    """The lead as one dispatcher sees it, by its connection in autocommit mode."""

    connection: psycopg.Connection
    instance: str
    term: int = 0  # 0: it does not lead

    def take(self) -> bool:
        """Become the leader if nobody is: given back, or not renewed for LEASE."""
        self.connection.execute(CREATE_LEADERSHIP_SQL)
        values = {"instance": self.instance, "lease": LEADERSHIP_LEASE}
        row = self.connection.execute(TAKE_LEADERSHIP_SQL, values).fetchone()
        self.term = row[0] if row else 0
        return bool(row)

    def renew(self) -> bool:
        """Whether it still leads."""
        values = {"instance": self.instance, "term": self.term}
        return self.connection.execute(RENEW_LEADERSHIP_SQL, values).rowcount == 1

    def release(self) -> None:
        """Another may lead at once."""
        self.connection.execute(
            RELEASE_LEADERSHIP_SQL, {"instance": self.instance, "term": self.term}
        )
