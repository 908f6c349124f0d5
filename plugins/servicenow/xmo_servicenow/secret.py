"""Secrets as options hold them: the core hands them over wrapped, so that they print as `***`."""

from typing import Any

from marshmallow import ValidationError, fields


def reveal(secret: Any) -> str:
    """Return the text of a secret that the core wrapped, or of a plain string."""
    show = getattr(secret, "reveal", None)
    return str(show()) if show else str(secret)


class SecretField(fields.Field[Any]):
    """A secret: a string, or a value with `reveal`. It is never repeated in a message."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str) and not hasattr(value, "reveal"):
            raise ValidationError('Not a secret: write { env = "NAME" } or { file = "path" }.')
        if not reveal(value):
            raise ValidationError("Must not be empty.")
        return value
