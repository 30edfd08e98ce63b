"""The pure core: values in, decisions out; no clock, file, socket, random or log."""
