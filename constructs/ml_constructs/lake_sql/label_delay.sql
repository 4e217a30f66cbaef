-- How the share of positives falls towards the newest day: where it does, labels are still to come.
WITH newest AS (
    SELECT max(CAST("$event_time" AS date)) AS day
    FROM "$database"."$table"
)
SELECT
    date_diff('day', CAST(source."$event_time" AS date), newest.day) AS days_before_newest,
    count(*) AS row_count,
    avg(CAST(source."$target" AS double)) AS positive_share
FROM "$database"."$table" AS source
CROSS JOIN newest
WHERE CAST(source."$event_time" AS date) > newest.day - interval '60' day
GROUP BY 1
ORDER BY days_before_newest
