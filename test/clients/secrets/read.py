# Reads a secret through the official client with its cache: the first argument is the endpoint, the second the secret's name.
import os
import sys

from alibabacloud_secretsmanager_client_v2.model.region_info import RegionInfo
from alibabacloud_secretsmanager_client_v2.secret_manager_cache_client_builder import SecretManagerCacheClientBuilder
from alibabacloud_secretsmanager_client_v2.service.default_secret_manager_client_builder import (
    DefaultSecretManagerClientBuilder,
)

environment = os.environ
region = RegionInfo("cn-hangzhou", endpoint=sys.argv[1], ca_file_path=environment["STRONGROOM_CA_FILE"])
builder = (
    DefaultSecretManagerClientBuilder.standard()
    .with_access_key(environment["ALIBABA_CLOUD_ACCESS_KEY_ID"], environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"])
    .add_region_info(region)
)
client = SecretManagerCacheClientBuilder.new_cache_client_builder(builder.build()).build()
info = client.get_secret_info(sys.argv[2])
print(info.version_id, info.secret_value, flush=True)
os._exit(0)
