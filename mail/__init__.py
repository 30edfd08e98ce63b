"""Mail in and out: SMTP and IMAP listeners, reading messages, letters and their delivery."""
