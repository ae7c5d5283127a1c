"""What a constraint's violation means to whoever caused it, by the constraint's name."""

from services.rules.user_errors import UserError, UserErrorCode

_MEANINGS: dict[str, UserError] = {
    "uq_keywords_user_id_keyword_norm_match_type": UserError(
        UserErrorCode.ALREADY_EXISTS,
        "There is a keyword of these words and this match type already.",
        ("input", "keyword"),
    ),
    "uq_leads_user_id_external_reference": UserError(
        UserErrorCode.ALREADY_EXISTS,
        "Another lead has this external reference.",
        ("input", "external_reference"),
    ),
    "ck_leads_value_has_currency": UserError(
        UserErrorCode.REQUIRED,
        "A value has a currency, and a currency has a value: give both, or null for both.",
        ("input", "value"),
    ),
}


def meaning(constraint: str) -> UserError | None:
    """None for a constraint that no input should be able to violate: then the fault is ours."""
    return _MEANINGS.get(constraint)
