"""What a constraint's violation means to whoever caused it, by the constraint's name."""

from services.refusal import RefusedError, UserError, UserErrorCode

_MEANINGS: dict[str, UserError] = {
    "uq_keywords_user_id_keyword_norm_match_type": UserError(
        UserErrorCode.ALREADY_EXISTS,
        "There is a keyword of these words and this match type already.",
        ("input", "keyword"),
    ),
}


def refusal(constraint: str) -> RefusedError | None:
    """None for a constraint that no input should be able to violate: then the fault is ours."""
    meaning = _MEANINGS.get(constraint)
    return None if meaning is None else RefusedError([meaning])
