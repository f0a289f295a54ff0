"""What the twins of heed's models read from a config.json, and its symbols."""

PAD, UNK, BOS, EOS = range(4)


class Unsupported(Exception):
    """A setting of config.json that has no twin here, or a wrong one."""


class Settings:
    """The keys of a config.json, checked, with heed's defaults."""

    def __init__(self, config):
        self.config = config

    def size(self, key, default=None):
        value = self.config.get(key, default)
        if value is None:
            raise Unsupported(f'has no "{key}"')
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise Unsupported(f"{key}: expects an integer of at least 1, got {value!r}")
        return value

    def choice(self, key, allowed):
        """The first of `allowed` is the default."""
        value = self.config.get(key, allowed[0])
        if value not in allowed:
            raise Unsupported(f"{key}: {value!r} has no twin in PyTorch here; there are: "
                              + ", ".join(str(name) for name in allowed))
        return value
