-- Why rows of one execution were put aside; Athena asks for the id of the execution.
SELECT
    acequia_reasons AS reasons,
    acequia_file AS file,
    count(*) AS row_count
FROM "$database"."$quarantine"
WHERE execution = ?
GROUP BY 1, 2
ORDER BY row_count DESC
