"""Every rule of the premortem holds where it should, and speaks up where it should."""
