"""What every route shares: extensions, error pages, guards, headers, languages, form fields, and the plain pages."""
