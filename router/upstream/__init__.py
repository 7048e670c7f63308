"""Talking to a vendor: drafts become requests, answers become audio, transcripts or faults.

The only room that knows sockets to vendors, and child programs. What may not live here: which vendor is asked, and what
follows.
"""
