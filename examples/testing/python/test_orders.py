"""Orders are lost with their key: the clock of the fixture's server is moved past its deletion."""

import subprocess

import pytest


def test_orders_are_lost_with_their_key(strongroom):
    key = strongroom.run("kms", "CreateKey", "--print", "KeyMetadata.KeyId")
    blob = strongroom.run("kms", "Encrypt", "--KeyId", key, "--Plaintext", "four apples", "--print", "CiphertextBlob")
    assert strongroom.run("kms", "Decrypt", "--CiphertextBlob", blob, "--print", "Plaintext") == "four apples"
    strongroom.run("kms", "ScheduleKeyDeletion", "--KeyId", key, "--PendingWindowInDays", "7")
    strongroom.advance("7d")
    with pytest.raises(subprocess.CalledProcessError, match="Decrypt") as refused:
        strongroom.run("kms", "Decrypt", "--CiphertextBlob", blob)
    assert "Forbidden.KeyNotFound" in refused.value.stderr
