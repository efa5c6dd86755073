"""The words: a small grammar engine, the phrase stock and one composer per channel."""
