-- Who used, changed or disabled which key in the last week.
SELECT
    resources[1].arn AS key,
    useridentity.arn AS who,
    eventname,
    count(*) AS calls,
    max(eventtime) AS last_time
FROM "$database"."$table"
WHERE region = '$region'
    AND day >= date_format(current_date - interval '7' day, '%Y/%m/%d')
    AND eventsource = 'kms.amazonaws.com'
    AND cardinality(resources) > 0
GROUP BY 1, 2, 3
ORDER BY calls DESC
