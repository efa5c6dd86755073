"""One person and one vehicle across all channels, found on pseudonyms alone.

`evidence` reads which keys stood together in a raw record, `state` keeps them compact, `resolve`
turns them into persons, households and vehicle owners, `voices` says who spoke about which car,
`files` writes the results. Nothing here reads an original value; which raw files there are is the
orchestration's business (`orchestration/linking.py`).
"""
