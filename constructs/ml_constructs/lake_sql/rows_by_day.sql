-- How many rows each day has, and what share of them is positive.
SELECT
    CAST("$event_time" AS date) AS day,
    count(*) AS row_count,
    avg(CAST("$target" AS double)) AS positive_share
FROM "$database"."$table"
GROUP BY 1
ORDER BY day DESC
LIMIT 400
