"""Settings of the gateway and the data that ships with them: calendars and the documented example."""
