-- How the share of positives falls towards the newest day: where it does, labels are still to come.
WITH newest AS (
    SELECT max(date("$event_time")) AS day
    FROM "$database"."$table"
)
SELECT
    date_diff('day', date(each."$event_time"), newest.day) AS days_before_newest,
    count(*) AS row_count,
    avg(CAST(each."$target" AS double)) AS positive_share
FROM "$database"."$table" AS each
CROSS JOIN newest
WHERE date(each."$event_time") > date_add('day', -60, newest.day)
GROUP BY 1
ORDER BY days_before_newest
