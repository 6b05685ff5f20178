// The operations of KMS that need a dedicated instance. The service has none; each operation refers to documentation of the alternative.

const PAGE = 'dedicated-instances'

const BY_HEADING: Readonly<Record<string, readonly string[]>> = {
  'policies-of-keys-and-secrets': ['SetKeyPolicy', 'GetKeyPolicy', 'SetSecretPolicy', 'GetSecretPolicy'],
  'application-access-points-and-client-keys': [
    'CreateApplicationAccessPoint',
    'DescribeApplicationAccessPoint',
    'ListApplicationAccessPoints',
    'UpdateApplicationAccessPoint',
    'DeleteApplicationAccessPoint',
    'CreateClientKey',
    'GetClientKey',
    'ListClientKeys',
    'DeleteClientKey',
  ],
  'permission-policies': ['CreatePolicy', 'DescribePolicy', 'ListPolicies', 'UpdatePolicy', 'DeletePolicy'],
  'network-rules': [
    'CreateNetworkRule',
    'DescribeNetworkRule',
    'ListNetworkRules',
    'UpdateNetworkRule',
    'DeleteNetworkRule',
  ],
  instances: [
    'ListKmsInstances',
    'GetKmsInstance',
    'GetDefaultKmsInstance',
    'ConnectKmsInstance',
    'UpdateKmsInstanceBindVpc',
    'ReleaseKmsInstance',
    'GetKmsInstanceQuotaInfos',
  ],
  'encryption-with-parameters': ['AdvanceEncrypt'],
}

/** The page and heading of the documentation for each operation. */
export const INSTANCE_OPERATIONS: ReadonlyMap<string, string> = new Map(
  Object.entries(BY_HEADING).flatMap(([heading, names]) => names.map((name) => [name, `${PAGE}#${heading}`] as const)),
)
