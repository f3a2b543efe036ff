//! What the server says of sessions, for this role to see.
//!
//! Of the sessions of another role a role sees that they are there, and no more, unless it is a member of
//! `pg_read_all_stats`: the columns are NULL, and the query is a text that says so. All that is known of that stands here.
//! <https://www.postgresql.org/docs/18/monitoring-stats.html#MONITORING-STATS-VIEWS>

/// Whether this role may not see what the session `a` of `pg_stat_activity` does. False where there is no session.
pub(crate) const IS_HIDDEN: &str = "coalesce(a.query = '<insufficient privilege>', false)";

/// What whoever reads that something is hidden can do about it.
pub(super) const REMEDY: &str = "a member of pg_read_all_stats sees it";

/// The columns of a [`Blocker`](super::Blocker), of the session `a` or the prepared transaction `p`, whichever is there, behind
/// its process.
pub(crate) fn blocker_columns() -> String {
    format!(
        "coalesce(a.usename, p.owner, ''), coalesce(nullif(a.application_name, ''), a.backend_type, ''), a.state, \
         CAST(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared)) AS bigint), \
         CASE WHEN {IS_HIDDEN} THEN NULL \
              ELSE coalesce(p.gid, btrim(left(btrim(regexp_replace(a.query, '\\s+', ' ', 'g')), 60))) END, \
         {IS_HIDDEN}"
    )
}
