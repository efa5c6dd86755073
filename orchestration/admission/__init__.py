"""From a landed delivery to listed raw records: decode, contract, mask, quarantine, ledger."""
