"""The schema of `[board]`."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from xmo_board.plugin import DEFAULT_BRAND, Board


class BoardSchema(Schema):
    """Checks `[board]` and loads it to `Board`. Called when the config is read."""

    title = fields.String(
        load_default=Board().title,
        validate=validate.Length(min=1, max=200),
        metadata={"example": f'"{Board().title}"', "meaning": "the heading of the report"},
    )
    brand = fields.String(
        load_default=DEFAULT_BRAND,
        validate=validate.Regexp(r"#[0-9a-fA-F]{6}\Z", error="Write the colour as # and six hex digits, like #0b5f66."),
        metadata={"example": f'"{DEFAULT_BRAND}"', "meaning": "the colour of lines and numbers"},
    )
    note = fields.String(
        load_default="",
        validate=validate.Length(max=2000),
        metadata={"example": '""', "meaning": "what every reader must know first"},
    )
    language = fields.String(
        load_default="en",
        validate=validate.Regexp(
            r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*\Z", error="Write a language tag like en, de or pt-BR."
        ),
        metadata={"example": '"en"', "meaning": "the language of title and note"},
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Board:
        """Turn the checked values into a `Board`."""
        return Board(**data)
