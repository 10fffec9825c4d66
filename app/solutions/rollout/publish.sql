-- Makes a content the next release of a solution, and writes the row of the audit.
WITH release AS (
  INSERT INTO solution_release (solution_identifier, release_number, title, content, notes, published_by)
  SELECT solution_identifier, :number, title, CAST(:content AS jsonb), :notes, :user
  FROM solution WHERE solution_identifier = :solution
), published AS (
  UPDATE solution SET latest_release_number = :number WHERE solution_identifier = :solution
  RETURNING 1
)
INSERT INTO audit ({columns}) SELECT {values} FROM published
