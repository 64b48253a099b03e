"""The rules of billing, pure: no clock, no database, no Flask, no float.

`terms` are the nouns, `reading` turns a stored document into them and says what is wrong with it, `prices` price a quantity,
`proration` and `aggregates` count days and usage, `rating` makes the lines of a period, `totals` adds them up, `cases` reads
the cases of `flask rate`.
"""
