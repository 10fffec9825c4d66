"""The commands of `relink`, one module for those that belong together."""
