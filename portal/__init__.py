"""What people and case systems see over HTTP: pages for submitters, screens for staff, a JSON API."""
