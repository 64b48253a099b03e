"""The outside world on this machine: a mail box and the services the portal calls.

A WSGI app of its own, never imported by the portal.

Each service is one file with a blueprint, made by `service(world)` and listed in app.py: business_status, toss
and popbill.
"""
