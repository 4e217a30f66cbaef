-- Who approved or rejected which version of the model, and from where.
SELECT
    eventtime,
    useridentity.arn AS who,
    json_extract_scalar(requestparameters, '$$.modelPackageArn') AS version,
    json_extract_scalar(requestparameters, '$$.modelApprovalStatus') AS status,
    json_extract_scalar(requestparameters, '$$.approvalDescription') AS why,
    sourceipaddress,
    errorcode
FROM "$database"."$table"
WHERE region = '$region'
    AND day >= date_format(current_date - interval '90' day, '%Y/%m/%d')
    AND eventsource = 'sagemaker.amazonaws.com'
    AND eventname = 'UpdateModelPackage'
ORDER BY eventtime DESC
