"""Election of the leading dispatcher, which is the one with the lease in `integrations_leadership`.

A session lock would last as long as PostgreSQL considers the session alive, even if the dispatcher
is suspended or cut off. A lease expires without anybody's help. The leader renews it in each round,
on the connection on which it listens. A leader that was suspended finds that the next term has
begun, and returns to standby. Two leaders for a moment do no harm, because operations are claimed
by compare-and-set (integrations/ledger/leases.py).
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
    """The leadership lease as one dispatcher sees it. Uses the dispatcher's connection in
    autocommit mode."""

    connection: psycopg.Connection
    instance: str
    term: int = 0  # 0 while another dispatcher leads

    def take(self) -> bool:
        """Becomes the leader if the lease is free: released, or not renewed for LEADERSHIP_LEASE.
        Returns whether this dispatcher leads."""
        self.connection.execute(CREATE_LEADERSHIP_SQL)
        values = {"instance": self.instance, "lease": LEADERSHIP_LEASE}
        row = self.connection.execute(TAKE_LEADERSHIP_SQL, values).fetchone()
        self.term = row[0] if row else 0
        return bool(row)

    def renew(self) -> bool:
        """Renews the lease. Returns whether this dispatcher still leads."""
        values = {"instance": self.instance, "term": self.term}
        return self.connection.execute(RENEW_LEADERSHIP_SQL, values).rowcount == 1

    def release(self) -> None:
        """Releases the lease, so that another dispatcher can lead at once."""
        self.connection.execute(
            RELEASE_LEADERSHIP_SQL, {"instance": self.instance, "term": self.term}
        )
