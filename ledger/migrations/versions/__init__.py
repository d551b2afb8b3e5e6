"""One module per version of the schema; a version that was released is never changed."""
