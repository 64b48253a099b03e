"""What every room stands on: settings, databases, outbox, sessions, pages, the gate. It leans on nothing of ours."""
