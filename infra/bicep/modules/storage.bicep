@minLength(5)
@maxLength(20)
param name string
param location string
param tags object
param subnetId string
param principalId string
param kubeletPrincipalId string
param shareProtocol string
param shareGigabytes int
param logsId string

var blobOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var queueContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
var tableContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
var keyOperator = '81a9662b-bebf-436f-a333-f67b29880f12'

var nfs = shareProtocol == 'nfs'
var fromTheClusterOnly = {
  defaultAction: 'Deny'
  bypass: 'AzureServices'
  virtualNetworkRules: [{ id: subnetId, action: 'Allow' }]
}

// The task hub and the queues. Nobody has a key to it.
resource hub 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: '${name}hub'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    networkAcls: fromTheClusterOnly
  }

  resource queues 'queueServices' = {
    name: 'default'

    // The Functions host does not make it.
    resource tasks 'queues' = {
      name: 'aicoder-tasks'
    }
  }
}

resource hubRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [blobOwner, queueContributor, tableContributor]: {
    scope: hub
    name: guid(hub.id, principalId, role)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: hub::queues
  name: 'logs'
  properties: {
    workspaceId: logsId
    logs: [{ category: 'StorageDelete', enabled: true }]
  }
}

// The work trees.
resource files 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: '${name}sh'
  location: location
  tags: tags
  kind: nfs ? 'FileStorage' : 'StorageV2'
  sku: { name: nfs ? 'Premium_LRS' : 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    // NFS knows addresses, no keys; SMB is mounted with one.
    allowSharedKeyAccess: !nfs
    minimumTlsVersion: 'TLS1_2'
    // NFS 4.1 has no https to insist on; the account is reached from the cluster's subnet only.
    supportsHttpsTrafficOnly: !nfs
    largeFileSharesState: nfs ? null : 'Enabled'
    networkAcls: fromTheClusterOnly
  }

  resource service 'fileServices' = {
    name: 'default'
    properties: {
      shareDeleteRetentionPolicy: { enabled: true, days: 7 }
    }

    resource workspace 'shares' = {
      name: 'workspace'
      properties: {
        enabledProtocols: nfs ? 'NFS' : 'SMB'
        // The driver sets owner and mode as root.
        rootSquash: nfs ? 'NoRootSquash' : null
        shareQuota: shareGigabytes
      }
    }
  }
}

// By it the file driver fetches the key it mounts SMB with, so that no manifest has one.
resource kubeletOnFiles 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!nfs) {
  scope: files
  name: guid(files.id, name, keyOperator)
  properties: {
    principalId: kubeletPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyOperator)
  }
}

output hubAccount string = hub.name
output shareAccount string = files.name
output share string = files::service::workspace.name
