"""Who is calling: passwords, tokens, logins, and the directory that answers without a query per request."""
