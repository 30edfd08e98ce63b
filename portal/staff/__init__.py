"""For caseworkers: what waits for a person, each request on one page, and what a person may do.

Rule 1: the software proposes, a person decides; every act carries the name that is signed in (P10).
Rule 2: content leaves only as a download, only when the scanner called it clean, and that is in the ledger (P4).
"""

from fastapi import APIRouter

from portal.staff import (
    closing,
    counter,
    entering,
    extensions,
    held,
    holding,
    importing,
    outages,
    post,
    quarantine,
    registering,
    requests,
    submissions,
)

routes = APIRouter()
for task in (
    closing,
    counter,
    entering,
    extensions,
    held,
    holding,
    importing,
    outages,
    post,
    quarantine,
    registering,
    requests,
    submissions,
):
    routes.include_router(task.routes)
