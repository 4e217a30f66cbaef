-- Which files came last: how many rows each has, and from when to when.
SELECT
    "$$path" AS file,
    count(*) AS row_count,
    min("$event_time") AS first_event,
    max("$event_time") AS last_event
FROM "$database"."$table"
GROUP BY 1
ORDER BY last_event DESC
LIMIT 50
