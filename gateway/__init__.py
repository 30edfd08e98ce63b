"""Herstelpost: the intake gateway for missing documents."""
