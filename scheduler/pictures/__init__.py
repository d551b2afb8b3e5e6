"""Pictures of plans as SVG text: the timeline, the map of a day, the load against what is at hand.

Pure functions from problems and plans to strings; whoever calls writes the file or serves the page.
"""
