"""`make bench`: how fast Relink is, beside floors that are taken in the same run."""
