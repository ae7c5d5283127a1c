"""User errors for violated constraints, by the constraint's name."""

from services.rules.user_errors import UserError, UserErrorCode

_ERRORS: dict[str, UserError] = {
    "uq_keywords_user_id_keyword_norm_match_type": UserError(
        UserErrorCode.ALREADY_EXISTS,
        "A keyword with the same words and match type already exists.",
        ("input", "keyword"),
    ),
    "uq_leads_user_id_external_reference": UserError(
        UserErrorCode.ALREADY_EXISTS,
        "Another lead already has this external reference.",
        ("input", "external_reference"),
    ),
    "uq_users_email": UserError(
        UserErrorCode.ALREADY_EXISTS, "A user with this e-mail address already exists.", ("input", "email")
    ),
    "ck_users_email_shape": UserError(
        UserErrorCode.INVALID, "Must be an e-mail address.", ("input", "email")
    ),
    "ck_leads_value_has_currency": UserError(
        UserErrorCode.REQUIRED,
        "`value` and `currency` must both be set, or both be null.",
        ("input", "value"),
    ),
}


def user_error_of(constraint: str) -> UserError | None:
    """Return the user error of a violated constraint; None for a constraint that only a bug can violate."""
    return _ERRORS.get(constraint)
