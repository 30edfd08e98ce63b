"""What is looked for in received bytes: malware, file types, containers, active content."""
