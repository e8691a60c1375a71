@minLength(5)
@maxLength(20)
param name string
param location string
param tags object
param subnetId string
param principalId string
param modelName string
param modelVersion string
param capacity int

var openAiUser = '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'

resource account 'Microsoft.CognitiveServices/accounts@2024-10-01' = {
  name: name
  location: location
  tags: tags
  kind: 'OpenAI'
  sku: { name: 'S0' }
  properties: {
    // Tokens of an identity need a name of the account's own.
    customSubDomainName: name
    disableLocalAuth: true
    networkAcls: {
      defaultAction: 'Deny'
      virtualNetworkRules: [{ id: subnetId }]
    }
  }

  resource deployment 'deployments' = {
    name: modelName
    sku: { name: 'GlobalStandard', capacity: capacity }
    properties: {
      model: { format: 'OpenAI', name: modelName, version: modelVersion }
      versionUpgradeOption: 'NoAutoUpgrade'
    }
  }
}

resource pods 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, principalId, openAiUser)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', openAiUser)
  }
}

output endpoint string = account.properties.endpoint
output deployment string = account::deployment.name
