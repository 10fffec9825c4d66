"""`make bench`: measures the speed of Relink, and compares it with floors measured in the same run."""
