-- The releases that have instances to move, each with the latest release of its solution. There is one index lookup for
-- each release, however many of its instances wait for input. The order is random, so that no release is always the last.
SELECT s.solution_identifier::text AS solution, r.release_number AS release, s.latest_release_number AS latest,
       latest.published_at, r.content -> 'workflows' AS workflows
FROM solution s
JOIN solution_release latest
  ON latest.solution_identifier = s.solution_identifier AND latest.release_number = s.latest_release_number
JOIN solution_release r
  ON r.solution_identifier = s.solution_identifier AND r.release_number < s.latest_release_number
CROSS JOIN LATERAL (
  SELECT FROM solution_instance i
  WHERE i.solution_identifier = s.solution_identifier AND i.release_number = r.release_number AND NOT i.held
    AND i.passed_over_release < s.latest_release_number
    AND (i.failed_release <> s.latest_release_number OR i.try_again_at <= :at)
  ORDER BY i.passed_over_release LIMIT 1
) waiting
WHERE NOT s.held AND latest.published_at <= :published_until
ORDER BY random()
