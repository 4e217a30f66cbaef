-- Who read how many objects of which bucket in the last week.
SELECT
    json_extract_scalar(requestparameters, '$$.bucketName') AS bucket,
    useridentity.arn AS who,
    count(*) AS objects,
    min(eventtime) AS first_time,
    max(eventtime) AS last_time
FROM "$database"."$table"
WHERE region = '$region'
    AND day >= date_format(current_date - interval '7' day, '%Y/%m/%d')
    AND eventsource = 's3.amazonaws.com'
    AND eventname = 'GetObject'
    AND errorcode IS NULL
GROUP BY 1, 2
ORDER BY objects DESC
