-- Which calls were denied in the last week, whose, and why.
SELECT
    useridentity.arn AS who,
    eventsource,
    eventname,
    errorcode,
    count(*) AS calls,
    max(eventtime) AS last_time,
    max_by(errormessage, eventtime) AS last_message
FROM "$database"."$table"
WHERE region = '$region'
    AND day >= date_format(current_date - interval '7' day, '%Y/%m/%d')
    AND (errorcode LIKE '%UnauthorizedOperation' OR errorcode LIKE 'AccessDenied%')
GROUP BY 1, 2, 3, 4
ORDER BY calls DESC
