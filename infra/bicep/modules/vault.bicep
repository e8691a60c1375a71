@minLength(5)
@maxLength(20)
param name string
param location string
param tags object
param subnetId string
param principalId string
param operatorAddresses string[]
param administratorObjectId string
param administratorType string
param logsId string

var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'
var certificatesOfficer = 'a4417e6f-fecd-4de8-b567-7b0420556985'

// The certificate that the key ring of callers' secrets is encrypted with.
resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // Without the certificate callers' secrets can't be read again.
    enablePurgeProtection: true
    networkAcls: {
      defaultAction: 'Deny'
      bypass: 'AzureServices'
      virtualNetworkRules: [{ id: subnetId }]
      ipRules: [for address in operatorAddresses: { value: address }]
    }
  }
}

// A certificate with its private key is read as a secret.
resource pods 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, principalId, secretsUser)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

resource administrator 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(administratorObjectId)) {
  scope: vault
  name: guid(vault.id, administratorObjectId, certificatesOfficer)
  properties: {
    principalId: administratorObjectId
    principalType: administratorType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', certificatesOfficer)
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'audit'
  properties: {
    workspaceId: logsId
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}

output name string = vault.name
output uri string = vault.properties.vaultUri
