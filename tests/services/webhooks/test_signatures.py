"""Signatures of webhooks, verified by the package `standardwebhooks` and by the library of the public key."""

import base64
import json
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.accounts.vault import Secret
from services.webhooks.signatures import SignatureVersion, new_key, public_key, signed_headers

BODY = json.dumps({"type": "lead.updated", "data": {"text": "Grüße, 世界"}}, ensure_ascii=False).encode()


def test_the_example_of_the_specification_has_its_signature() -> None:
    key = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_during_a_rotation_a_receiver_with_either_secret_verifies_the_message() -> None:
    keys = [new_key(SignatureVersion.V1) for _ in range(2)]
    headers = signed_headers(keys, "msg_1", int(time.time()), BODY)
    assert len(headers["webhook-signature"].split(" ")) == 2
    for key in keys:
        assert Webhook(key.reveal()).verify(BODY, dict(headers)) == json.loads(BODY)
    other = new_key(SignatureVersion.V1)
    with pytest.raises(WebhookVerificationError):
        Webhook(other.reveal()).verify(BODY, dict(headers))


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp", "body"])
def test_a_changed_message_fails_the_verification(changed: str) -> None:
    key = new_key(SignatureVersion.V1)
    headers = dict(signed_headers([key], "msg_1", int(time.time()), BODY))
    body = BODY
    if changed == "body":
        body = BODY.replace(b"lead", b"laed")
    elif changed == "webhook-timestamp":
        headers[changed] = str(int(headers[changed]) - 1)
    else:
        headers[changed] = "msg_2"
    with pytest.raises(WebhookVerificationError):
        Webhook(key.reveal()).verify(body, headers)


def test_an_asymmetric_signature_verifies_with_the_public_key_alone() -> None:
    key = new_key(SignatureVersion.V1A)
    public = public_key(key)
    assert public is not None
    assert public.startswith("whpk_")
    now = int(time.time())
    version, signature = signed_headers([key], "msg_1", now, BODY)["webhook-signature"].split(",")
    assert version == "v1a"
    verifier = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    verifier.verify(base64.b64decode(signature), f"msg_1.{now}.".encode() + BODY)
    with pytest.raises(InvalidSignature):
        verifier.verify(base64.b64decode(signature), f"msg_1.{now}.".encode() + BODY + b" ")


def test_both_versions_stand_in_one_header() -> None:
    shared, private = new_key(SignatureVersion.V1), new_key(SignatureVersion.V1A)
    headers = signed_headers([private, shared], "msg_1", int(time.time()), BODY)
    assert [each.split(",")[0] for each in headers["webhook-signature"].split(" ")] == ["v1a", "v1"]
    assert Webhook(shared.reveal()).verify(BODY, dict(headers)) == json.loads(BODY)
    assert public_key(shared) is None


def test_keys_have_the_lengths_of_the_specification_and_differ() -> None:
    shared = [new_key(SignatureVersion.V1).reveal() for _ in range(20)]
    assert {len(base64.b64decode(key.removeprefix("whsec_"))) for key in shared} == {32}
    assert len(set(shared)) == 20
    private = new_key(SignatureVersion.V1A).reveal()
    assert len(base64.b64decode(private.removeprefix("whsk_"))) == 64
