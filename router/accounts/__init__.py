"""Who may call. What may not live here: vendors' keys, HTTP."""
