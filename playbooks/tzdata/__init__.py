"""The fix for zone rules: what clock changes there will be, on hosts that do not know it yet."""
