"""How a person shows up in a channel's own keys."""

from __future__ import annotations

from sample_oem.context import Context


def app_account(context: Context, owner: int) -> str:
    """Account of an owner in the app: the world's own where it has one."""
    accounts = getattr(context.world.customers, "app_user", None)
    if accounts is not None:
        return str(accounts[owner])
    return f"ql{int(context.world.customers.number[owner][1:]) * 3 + 17:010d}"
