"""The processes without pages: workers, and the clock that relays outboxes and keeps the schedule.

A job is a function of one of these modules, `name(event_id, *ids)`: load the row, call one service verb.
"""
