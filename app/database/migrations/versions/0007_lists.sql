-- Lists are by age, and what is of one age by its id: a page begins at a place in that order.
CREATE INDEX solution_instance_by_age ON solution_instance (created_at, instance_identifier);
CREATE INDEX solution_instance_of_solution
  ON solution_instance (solution_identifier, created_at, instance_identifier);
CREATE INDEX solution_instance_of_owner ON solution_instance (owner, created_at, instance_identifier);
CREATE INDEX external_user_by_age ON external_user (created_at, user_identifier);
CREATE INDEX solution_by_age ON solution (created_at, solution_identifier);
CREATE INDEX authentication_of_owner ON authentication (owner, created_at, authentication_identifier);
-- For those of the builder, who is no owner: an index gives the order of what is equal to something, and null is not.
CREATE INDEX authentication_of_builder ON authentication (created_at, authentication_identifier) WHERE owner IS NULL;

-- The new ones begin with the same column.
DROP INDEX solution_instance_owner, authentication_owner;
