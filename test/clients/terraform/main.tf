# The resources of kms, ram, ims and actiontrail that the service supports; alicloud_kms_key_version needs a key of seven days. `step` is 1 for what is made, 2 for what an update changes.
terraform {
  required_providers {
    alicloud = { source = "aliyun/alicloud" }
  }
}

variable "step" {
  type = number
}

variable "access_key" {
  type = string
}

variable "secret_key" {
  type = string
}

variable "address" {
  type = string
}

variable "account" {
  type = string
}

locals {
  updated = var.step == 2
}

provider "alicloud" {
  access_key             = var.access_key
  secret_key             = var.secret_key
  region                 = "cn-beijing"
  protocol               = "HTTP"
  skip_region_validation = true
  account_type           = "Domestic"
  endpoints {
    kms         = var.address
    ram         = var.address
    ims         = var.address
    sts         = var.address
    actiontrail = var.address
  }
}

resource "alicloud_kms_key" "plain" {
  pending_window_in_days = 7
}

resource "alicloud_kms_key" "full" {
  description                     = local.updated ? "rotates less often" : "rotates"
  key_spec                        = "Aliyun_AES_256"
  key_usage                       = "ENCRYPT/DECRYPT"
  protection_level                = "SOFTWARE"
  automatic_rotation              = "Enabled"
  rotation_interval               = local.updated ? "1209600s" : "605800s"
  deletion_protection             = local.updated ? "Disabled" : "Enabled"
  deletion_protection_description = local.updated ? null : "kept"
  pending_window_in_days          = 7
  tags                            = local.updated ? { use = "archive" } : { use = "shop", team = "one" }
}

resource "alicloud_kms_key" "paused" {
  status                 = local.updated ? "Enabled" : "Disabled"
  pending_window_in_days = 7
}

resource "alicloud_kms_key" "signs" {
  for_each               = toset(["RSA_2048", "RSA_3072", "EC_P256", "EC_P256K", "EC_SM2"])
  key_spec               = each.key
  key_usage              = "SIGN/VERIFY"
  pending_window_in_days = 7
}

resource "alicloud_kms_key" "sm4" {
  key_spec               = "Aliyun_SM4"
  pending_window_in_days = 7
}

resource "alicloud_kms_key" "external" {
  origin                 = "EXTERNAL"
  pending_window_in_days = 7
}

resource "alicloud_kms_alias" "main" {
  alias_name = "alias/main"
  key_id     = local.updated ? alicloud_kms_key.sm4.id : alicloud_kms_key.plain.id
}

resource "alicloud_kms_ciphertext" "words" {
  key_id             = alicloud_kms_key.plain.id
  plaintext          = "aGVsbG8="
  encryption_context = { app = "shop" }
}

resource "alicloud_kms_secret" "plain" {
  secret_name                   = "plain"
  secret_data                   = local.updated ? "hunter2" : "hunter1"
  version_id                    = local.updated ? "v2" : "v1"
  force_delete_without_recovery = true
}

resource "alicloud_kms_secret" "full" {
  secret_name             = "full"
  secret_data             = "text of a binary_secret"
  secret_data_type        = "binary"
  version_id              = "v1"
  description             = local.updated ? "another" : "one"
  encryption_key_id       = alicloud_kms_key.plain.id
  recovery_window_in_days = 7
  tags                    = local.updated ? { use = "archive" } : { use = "shop", team = "one" }
}

resource "alicloud_ram_user" "named" {
  name  = "named"
  force = true
}

resource "alicloud_ram_user" "member" {
  name  = "member"
  force = true
}

resource "alicloud_ram_user" "full" {
  name         = local.updated ? "renamed" : "full"
  display_name = local.updated ? null : "Ada Lovelace"
  mobile       = local.updated ? null : "86-18688888888"
  email        = local.updated ? "ada@example_one.com" : "ada@example.com"
  comments     = local.updated ? null : "first"
  force        = true
}

resource "alicloud_ram_login_profile" "named" {
  user_name               = alicloud_ram_user.named.name
  password                = "Secret-Word-123"
  password_reset_required = local.updated
  mfa_bind_required       = local.updated
}

resource "alicloud_ram_access_key" "named" {
  user_name = alicloud_ram_user.named.name
  status    = local.updated ? "Inactive" : "Active"
}

resource "alicloud_ram_group" "one" {
  group_name = "one"
  comments   = local.updated ? "more" : "some"
  force      = true
}

resource "alicloud_ram_group" "two" {
  group_name = "two"
  force      = true
}

resource "alicloud_ram_group_membership" "one" {
  group_name = alicloud_ram_group.one.group_name
  user_names = local.updated ? [alicloud_ram_user.named.name] : [alicloud_ram_user.named.name, alicloud_ram_user.member.name]
}

resource "alicloud_ram_user_group_attachment" "two" {
  group_name = alicloud_ram_group.two.group_name
  user_name  = alicloud_ram_user.named.name
}

resource "alicloud_ram_policy" "readers" {
  policy_name = "readers"
  description = local.updated ? "they list and describe" : "they list"
  policy_document = jsonencode({
    Version   = "1"
    Statement = [{ Effect = "Allow", Action = local.updated ? ["kms:List*", "kms:Describe*"] : ["kms:List*"], Resource = ["*"] }]
  })
  rotate_strategy = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
  tags            = local.updated ? { use = "archive" } : { use = "shop", team = "one" }
  force           = true
}

resource "alicloud_ram_role" "app" {
  role_name = "app"
  assume_role_policy_document = jsonencode({
    Version = "1"
    Statement = [{
      Effect    = "Allow"
      Action    = local.updated ? ["sts:AssumeRole", "sts:SetSourceIdentity"] : ["sts:AssumeRole"]
      Principal = { RAM = ["acs:ram::${var.account}:root"] }
    }]
  })
  description          = local.updated ? null : "of the shop"
  max_session_duration = local.updated ? 7200 : 3600
  tags                 = local.updated ? { use = "archive" } : { use = "shop", team = "one" }
  force                = true
}

resource "alicloud_ram_user_policy_attachment" "named" {
  user_name   = alicloud_ram_user.named.name
  policy_name = alicloud_ram_policy.readers.policy_name
  policy_type = "Custom"
}

resource "alicloud_ram_group_policy_attachment" "one" {
  group_name  = alicloud_ram_group.one.group_name
  policy_name = "AliyunKMSReadOnlyAccess"
  policy_type = "System"
}

resource "alicloud_ram_role_policy_attachment" "app" {
  role_name   = alicloud_ram_role.app.role_name
  policy_name = alicloud_ram_policy.readers.policy_name
  policy_type = "Custom"
}

resource "alicloud_ram_account_alias" "shop" {
  account_alias = local.updated ? "shop-two" : "shop-one"
}

resource "alicloud_ram_password_policy" "shop" {
  minimum_password_length      = local.updated ? 12 : 10
  require_numbers              = true
  require_symbols              = true
  require_lowercase_characters = true
  require_uppercase_characters = true
  max_password_age             = local.updated ? 0 : 90
  max_login_attemps            = 5
}

resource "alicloud_ram_security_preference" "shop" {
  allow_user_to_change_password    = !local.updated
  allow_user_to_manage_mfa_devices = true
  enable_save_mfa_ticket           = local.updated
  login_session_duration           = local.updated ? 8 : 6
  login_network_masks              = "10.0.0.0/8"
  mfa_operation_for_login          = "independent"
}

resource "alicloud_ims_oidc_provider" "cluster" {
  oidc_provider_name  = "cluster"
  issuer_url          = "https://issuer.example.com"
  fingerprints        = local.updated ? ["1111111111111111111111111111111111111111"] : ["0BBFAB97059595E8D1EC48E89EB8657C0E5AAE71"]
  issuance_limit_time = local.updated ? 24 : 12
  description         = local.updated ? "another" : "one"
  client_ids          = local.updated ? ["sts.aliyuncs.com", "shop"] : ["sts.aliyuncs.com"]
}

resource "alicloud_actiontrail_trail" "bare" {
  trail_name = "bare-trail"
  event_rw   = local.updated ? "All" : "Write"
  status     = "Disable"
}

resource "alicloud_actiontrail_trail" "full" {
  trail_name      = "full-trail"
  oss_bucket_name = "events"
  oss_key_prefix  = local.updated ? "second-prefix" : "first-prefix"
  event_rw        = local.updated ? "Read" : "All"
  status          = local.updated ? "Disable" : "Enable"
}

data "alicloud_kms_keys" "all" {
  ids        = [alicloud_kms_key.plain.id]
  depends_on = [alicloud_kms_key.full]
}

data "alicloud_kms_aliases" "all" {
  ids = [alicloud_kms_alias.main.id]
}

data "alicloud_kms_ciphertext" "words" {
  key_id    = alicloud_kms_key.plain.id
  plaintext = "aGVsbG8="
}

data "alicloud_kms_plaintext" "words" {
  ciphertext_blob    = alicloud_kms_ciphertext.words.ciphertext_blob
  encryption_context = { app = "shop" }
}

data "alicloud_kms_key_versions" "signs" {
  key_id = alicloud_kms_key.signs["EC_P256"].id
}

data "alicloud_kms_secrets" "all" {
  ids            = [alicloud_kms_secret.full.id]
  enable_details = true
}

data "alicloud_kms_secret_versions" "plain" {
  secret_name    = alicloud_kms_secret.plain.secret_name
  enable_details = true
}

data "alicloud_ram_users" "all" {
  name_regex = "^${alicloud_ram_user.named.name}$"
}

data "alicloud_ram_groups" "all" {
  name_regex = alicloud_ram_group.one.group_name
}

data "alicloud_ram_roles" "all" {
  name_regex = alicloud_ram_role.app.role_name
}

data "alicloud_ram_policies" "all" {
  name_regex     = alicloud_ram_policy.readers.policy_name
  enable_details = true
}

data "alicloud_ram_system_policys" "all" {
  name_regex = "^AdministratorAccess$"
}

data "alicloud_ram_account_alias" "shop" {
  depends_on = [alicloud_ram_account_alias.shop]
}

data "alicloud_ram_role_policy_attachments" "app" {
  role_name  = alicloud_ram_role.app.role_name
  depends_on = [alicloud_ram_role_policy_attachment.app]
}

data "alicloud_ims_oidc_providers" "all" {
  ids = [alicloud_ims_oidc_provider.cluster.id]
}

data "alicloud_actiontrail_trails" "all" {
  name_regex = alicloud_actiontrail_trail.full.trail_name
}

output "read" {
  value = {
    keys      = length(data.alicloud_kms_keys.all.keys)
    aliases   = length(data.alicloud_kms_aliases.all.aliases)
    plaintext = data.alicloud_kms_plaintext.words.plaintext
    versions  = length(data.alicloud_kms_key_versions.signs.versions)
    secrets   = length(data.alicloud_kms_secrets.all.secrets)
    values    = length(data.alicloud_kms_secret_versions.plain.versions)
    users     = length(data.alicloud_ram_users.all.users)
    groups    = length(data.alicloud_ram_groups.all.groups)
    roles     = length(data.alicloud_ram_roles.all.roles)
    policies  = length(data.alicloud_ram_policies.all.policies)
    system    = length(data.alicloud_ram_system_policys.all.policys)
    alias     = data.alicloud_ram_account_alias.shop.account_alias
    attached  = length(data.alicloud_ram_role_policy_attachments.app.attachments)
    providers = length(data.alicloud_ims_oidc_providers.all.providers)
    trails    = length(data.alicloud_actiontrail_trails.all.trails)
  }
}
