#!/bin/sh
# Made this folder once, with the program of version 0.1.0: `make.sh CHECKOUT`, where CHECKOUT is that version, installed.
# It is not run again: the files stay as they are, as a user's would.
set -eu
checkout=$1
here=$(cd "$(dirname "$0")" && pwd)
strongroom="$checkout/bin/strongroom"
export STRONGROOM_ROOT_ACCESS_KEY_ID=LTAI5tFixtureOfVersion01 STRONGROOM_ROOT_ACCESS_KEY_SECRET=fixtureSecretOfVersion0123456 STRONGROOM_ACCOUNT_ID=1234567890123456
export ALIBABA_CLOUD_ACCESS_KEY_ID=$STRONGROOM_ROOT_ACCESS_KEY_ID ALIBABA_CLOUD_ACCESS_KEY_SECRET=$STRONGROOM_ROOT_ACCESS_KEY_SECRET
export STRONGROOM_ENDPOINT=http://127.0.0.1:7799

work=$(mktemp -d)
mkdir -p "$work/data/trails/first-bucket"
cd "$work"
"$strongroom" serve --data "$work/data" --listen 127.0.0.1:7799 >"$work/ready" &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
until grep -q ready "$work/ready"; do sleep 0.1; done

call() { "$strongroom" "$@"; }
key=$(call kms CreateKey --Description 'of version 0.1.0' --print KeyMetadata.KeyId)
call kms CreateAlias --AliasName alias/first --KeyId "$key" >"$work/out"
call kms TagResource --KeyId "$key" --Tags '[{"TagKey":"Team","TagValue":"payroll"}]' >"$work/out"
ciphertext=$(call kms Encrypt --KeyId alias/first --Plaintext b2xk --EncryptionContext '{"a":"1"}' --print CiphertextBlob)
call kms UpdateRotationPolicy --KeyId "$key" --EnableAutomaticRotation true --RotationInterval 7d >"$work/out"
external=$(call kms CreateKey --Origin EXTERNAL --print KeyMetadata.KeyId)
document='{"Version":"1","Statement":[{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:tag/Team":"payroll"}}}]}'
trust='{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::1234567890123456:root"]}}]}'
call ram CreateUser --UserName alice >"$work/out"
call ram CreateAccessKey --UserName alice >"$work/access-key"
call ram CreateGroup --GroupName team >"$work/out"
call ram AddUserToGroup --UserName alice --GroupName team >"$work/out"
call ram CreatePolicy --PolicyName decrypt --PolicyDocument "$document" >"$work/out"
call ram AttachPolicyToGroup --PolicyType Custom --PolicyName decrypt --GroupName team >"$work/out"
call ram CreateRole --RoleName app --AssumeRolePolicyDocument "$trust" >"$work/out"
call actiontrail CreateTrail --Name first-trail --OssBucketName first-bucket >"$work/out"
# A refused call, for its event.
ALIBABA_CLOUD_ACCESS_KEY_ID=$(sed -n 's/.*"AccessKeyId": "\(.*\)".*/\1/p' "$work/access-key") \
  ALIBABA_CLOUD_ACCESS_KEY_SECRET=$(sed -n 's/.*"AccessKeySecret": "\(.*\)".*/\1/p' "$work/access-key") \
  "$strongroom" kms ListKeys || true
kill $server
wait $server || true

cp "$work/data/strongroom.db" "$work/data/root-key" "$work/data/audit-witness.json" "$here/"
chmod 644 "$here"/*
cat >"$here/facts.json" <<JSON
{
  "accountId": "$STRONGROOM_ACCOUNT_ID",
  "accessKeyId": "$STRONGROOM_ROOT_ACCESS_KEY_ID",
  "accessKeySecret": "$STRONGROOM_ROOT_ACCESS_KEY_SECRET",
  "keyId": "$key",
  "externalKeyId": "$external",
  "ciphertext": "$ciphertext",
  "plaintext": "b2xk",
  "encryptionContext": "{\"a\":\"1\"}",
  "alice": $(cat "$work/access-key")
}
JSON
