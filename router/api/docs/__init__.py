"""What is served, described: the OpenAPI document, the shapes it names, and the page that shows it.

What may not live here: anything that a call runs through.
"""
