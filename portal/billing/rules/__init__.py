"""The rules of billing, pure: no clock, no database, no Flask, no float.

`terms` are the nouns, `reading` turns a stored document into them and says what is wrong with it, `prices` price a quantity,
`proration` and `aggregates` count days and usage, `runs` cuts a period by plan version, `rating` makes its lines, `difference`
takes off what was billed, `totals` adds up, `cases` reads the cases of `flask rate`, `exact` keeps all of it exact.
"""
