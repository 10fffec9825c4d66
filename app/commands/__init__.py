"""The commands of `relink`, one module for each group."""
