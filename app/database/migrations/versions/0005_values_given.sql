-- The releases by whose slot a value was judged when it was given: it is good where nothing breaking lies between one of
-- them and the release in question.
ALTER TABLE instance_value ALTER COLUMN given_for_release TYPE integer[] USING ARRAY[given_for_release];
ALTER TABLE instance_value RENAME COLUMN given_for_release TO given_for;
