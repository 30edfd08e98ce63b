"""The commands, a file for each group; `gateway.cli` puts them together."""
