"""Changes in mid-campaign, late clients and forecasts, on a small campaign whose plan binds."""
