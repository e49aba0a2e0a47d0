"""Tables of numbers as people hand them in: CSV, Excel, or rows of a request."""
