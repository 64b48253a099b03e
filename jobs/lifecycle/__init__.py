"""`flask lifecycle`: both lives of a company, walked from the application to the receipt, and to the destruction.

Nothing is played here. A house of its own is opened (temporary folder, own ports, own Redis, databases, web, workers, clock
and sandbox), people go through its pages over HTTP, mails are read in the sandbox's box, and the test clock lets the months
go by. What the pages, the ledger, the payment company and the tax-invoice service say of the money is compared at the end.
"""
