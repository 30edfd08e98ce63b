"""The sections of the configuration, by what they are about; `config.settings` puts them together."""
