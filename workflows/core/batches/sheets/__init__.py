"""A sheet of partners, as companies keep it in a spreadsheet: its columns, its rows, and what is wrong with each."""
