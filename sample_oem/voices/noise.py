"""What arrives in a channel and is no voice of a customer: which kind, how often, and its words.

Only voices that no trouble lies behind are replaced, so that no planted problem loses its voice. The
labels are those of the truth; how a warehouse finds noise is its own affair.
"""

from __future__ import annotations

from sample_oem.voices.compose import Composer

# Share of a channel's voices per kind of noise.
NOISE_SHARE: dict[str, tuple[tuple[str, float], ...]] = {
    "online_chat": (("test", 0.012), ("empty", 0.01), ("advert", 0.004)),
    "customer_mail": (("advert", 0.12), ("bot", 0.10), ("empty", 0.006)),
    "owner_app": (("test", 0.025), ("empty", 0.02), ("off_topic", 0.006), ("advert", 0.004)),
    "social_media": (("advert", 0.03), ("bot", 0.025), ("off_topic", 0.03), ("empty", 0.006)),
    "forum_threads": (("advert", 0.02), ("off_topic", 0.02), ("bot", 0.01), ("empty", 0.01)),
    "private_group": (("advert", 0.03), ("off_topic", 0.08), ("empty", 0.03)),
    "review_site": (("advert", 0.004), ("test", 0.002)),
    "order_message": (("test", 0.015), ("empty", 0.012), ("advert", 0.004)),
    "news": (("advert", 0.03),),
    "dealer_note": (("test", 0.012), ("empty", 0.006)),
}
_RULES = {
    "advert": "z_advert",
    "bot": "z_bot",
    "off_topic": "z_off",
    "test": "z_test",
    "empty": "z_empty",
    "agent_boilerplate": "z_boiler",
}


class Noise:
    """Decides for each voice of one channel whether it is noise, and of which kind."""

    def __init__(self, composer: Composer, channel: str) -> None:
        self.composer = composer
        self.kinds = NOISE_SHARE.get(channel, ())
        self.total = sum(share for _, share in self.kinds)

    def kind(self, problem: int, story: int) -> str:
        """Kind of noise that takes the place of a voice, mostly none (empty)."""
        roll = self.composer.rand()
        if problem >= 0 or story >= 0 or roll >= self.total:
            return ""
        for name, share in self.kinds:
            if roll < share:
                return name
            roll -= share
        return ""

    def text(self, kind: str, vehicle: int) -> str:
        """Words of a kind of noise."""
        return self.composer.say(_RULES[kind], self.composer.speaker(vehicle, 0))
