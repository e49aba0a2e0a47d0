"""Tables of numbers from CSV files, Excel files or the rows of a request."""
