"""The statements that are not confined to one user, each with its reason, and those that members do not send.

Statements with the scope of a member are never listed here.
"""

_BY_SECRET = "finds the user of a credential"
_BY_ID = (
    "finds rows that the transaction has locked by their IDs alone; workers send it for several users at once"
)
_BY_WEBHOOK = "finds rows by the ID of a webhook; workers send it for webhooks of several users at once"
_QUEUE = "a job of all users, which a worker takes"
_PURGE = "deletes what has expired, of any user"
_FEED = "reads the changes of all users, once for all followers of the process"

UNCONFINED = {
    **dict.fromkeys(
        [
            "account_to_sign_in",
            "browser_token_holder",
            "end_key",
            "holder",
            "live_credentials",
            "replace_token",
            "session_by_token",
            "touch",
        ],
        _BY_SECRET,
    ),
    **dict.fromkeys(
        [
            "analyzed_to_score",
            "insert_auto_leads",
            "integration_days_count",
            "integrations_conditions",
            "integrations_set_health",
            "leads_promises",
            "leads_set_scores",
        ],
        _BY_ID,
    ),
    **dict.fromkeys(
        [
            "delete_expired_secrets",
            "lock_webhooks",
            "move_webhook",
            "note_webhook_results",
            "owned_webhooks",
            "record_results",
            "release_next",
            "secrets_expire",
            "store_payloads",
            "working_secrets",
        ],
        _BY_WEBHOOK,
    ),
    **dict.fromkeys(
        [
            "advance_export",
            "delete_export_parts",
            "finish_export",
            "first_deleted_user",
            "hold_users",
            "integrations_owned",
            "is_any_webhook_active",
            "last_lead_id",
            "lease_deliveries",
            "leads_to_score",
            "note_export_purged",
            "take_expired_export",
            "take_export",
            "take_unread_webhook",
        ],
        _QUEUE,
    ),
    **dict.fromkeys(
        [
            "forget_exports",
            "keep_idempotency_key",
            "purge_browser_tokens",
            "purge_deliveries",
            "purge_idempotency_keys",
            "purge_sessions",
        ],
        _PURGE,
    ),
    **dict.fromkeys(["changes_after", "first_new_change", "state_of_feed"], _FEED),
}
"""The reasons by the name of the statement."""

AUDITED = "SELECT "
"""The begin of the statements without a name: the audit counts the rows of ranges of users or keywords."""

_OPERATORS = "for operators and commands"
_TASK = "of the table of background tasks, which has no rows of users"
_LATER = "sent after a time or a failure that the traffic does not have; its condition names the user"
_OF_ALL = "of all users, for workers, commands and metrics"

NOT_SENT = {
    **dict.fromkeys(
        [
            "account._account_by_email",
            "account._accounts",
            "account._delete_user",
            "account._insert_user",
            "account._set_status",
            "api_key._keys_of_user",
            "import_position._find_import_position",
            "import_position._forget_import_position",
            "import_position._keep_import_position",
            "session._open_demo_session",
            "user._lock_owners",
            "user._lock_users",
            "user._user_by_email",
        ],
        _OPERATORS,
    ),
    **dict.fromkeys(
        [
            "background_task._advance_background_task",
            "background_task._all_background_tasks",
            "background_task._fail_background_task",
            "background_task._finish_background_task",
            "background_task._register_background_tasks",
            "background_task._renew_background_task",
            "background_task._take_background_task",
        ],
        _TASK,
    ),
    **dict.fromkeys(
        [
            "change._change_at",
            "export._hold_exports",
            "integration_runs._integration_failures_after",
            "session._end_session_by_token",
            "session._is_session_recent",
            "session._note_session_use",
            "session._rotate_session",
            "user._user_state",
        ],
        _LATER,
    ),
    **dict.fromkeys(
        [
            "export._export_queue",
            "export._exports_waiting",
            "export._postpone_export",
            "integration._credentials_sealed_by_others",
            "integration._keys_of_credentials",
            "integration._seal_credentials",
            "lead_bulk._owner_of_assigned",
            "lead_bulk._unassign",
            "retention._delete_old_mentions",
            "retention._next_with_old_mentions",
            "user._seen_lately",
            "webhook._disable_webhook",
            "webhook._hold_webhooks",
            "webhook._seal_webhook_secret",
            "webhook._webhook_secrets_sealed_by_others",
            "webhook._webhooks_with_document",
            "webhook_delivery._return_deliveries",
            "webhook_queue._waiting_webhook_events",
            "webhook_queue._webhooks_by_status",
        ],
        _OF_ALL,
    ),
}
"""The reasons by the builder of the statement, as `module._name`."""
