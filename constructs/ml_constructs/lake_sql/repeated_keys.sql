-- Which rows came more than once; Prepare keeps one of equal rows and quarantines the others.
SELECT
    $key,
    count(*) AS times
FROM "$database"."$table"
GROUP BY $key
HAVING count(*) > 1
ORDER BY times DESC
LIMIT 1000
