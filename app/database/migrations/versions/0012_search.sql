-- The words of names, references and values, for Search.
CREATE INDEX node_words ON node USING gin (
  to_tsvector('simple'::regconfig, translate(left(node_reference, 65536), '._/@:-', '      ')));
CREATE INDEX node_version_words ON node_version USING gin (
  to_tsvector('simple'::regconfig, translate(left(node_name, 65536), '._/@:-', '      ')));
CREATE INDEX member_words ON member USING gin (
  to_tsvector('simple'::regconfig, translate(left(value, 65536), '._/@:-', '      '))) WHERE value IS NOT NULL;
