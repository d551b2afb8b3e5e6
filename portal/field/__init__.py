"""What the pages of people in the field share: visits, what is said of them, photos, calendars, pushing one visit."""
