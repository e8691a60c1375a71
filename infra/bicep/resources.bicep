@minLength(5)
@maxLength(20)
param name string
param location string
param tags object
param administratorObjectId string
param administratorType string
param operatorAddresses string[]
param kubernetesNamespace string
param kubernetesServiceAccount string
param nodeSize string
param nodesLeast int
param nodesMost int
param clusterTier string
param shareProtocol string
param shareGigabytes int
param deployModel bool
param modelName string
param modelVersion string
param modelCapacity int
param logDays int

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: logDays
    features: { disableLocalAuth: true }
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.224.0.0/16'] }
    subnets: [
      {
        name: 'nodes'
        properties: {
          addressPrefix: '10.224.0.0/22'
          // By these the cluster reaches storage and vault, which the internet does not.
          serviceEndpoints: [{ service: 'Microsoft.Storage' }, { service: 'Microsoft.KeyVault' }, { service: 'Microsoft.CognitiveServices' }]
        }
      }
    ]
  }
}

resource nodes 'Microsoft.Network/virtualNetworks/subnets@2024-05-01' existing = {
  parent: network
  name: 'nodes'
}

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Basic' }
  properties: {
    adminUserEnabled: false
  }
}

// The service's own identity.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
  tags: tags
}

module cluster 'modules/cluster.bicep' = {
  params: {
    name: name
    location: location
    tags: tags
    subnetId: nodes.id
    networkName: network.name
    registryName: registry.name
    logsId: logs.id
    nodeSize: nodeSize
    nodesLeast: nodesLeast
    nodesMost: nodesMost
    tier: clusterTier
    operatorAddresses: operatorAddresses
    administratorObjectId: administratorObjectId
    administratorType: administratorType
  }
}

// The pods of the release, and KEDA's operator, which looks into the queues with the same identity. One after the other: the
// identity takes no two changes at once.
resource podsTrust 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: identity
  name: 'aicoder'
  properties: {
    issuer: cluster.outputs.issuer
    subject: 'system:serviceaccount:${kubernetesNamespace}:${kubernetesServiceAccount}'
    audiences: ['api://AzureADTokenExchange']
  }
}

resource kedaTrust 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: identity
  name: 'keda'
  properties: {
    issuer: cluster.outputs.issuer
    subject: 'system:serviceaccount:kube-system:keda-operator'
    audiences: ['api://AzureADTokenExchange']
  }
  dependsOn: [podsTrust]
}

module storage 'modules/storage.bicep' = {
  params: {
    name: name
    location: location
    tags: tags
    subnetId: nodes.id
    principalId: identity.properties.principalId
    kubeletPrincipalId: cluster.outputs.kubeletPrincipalId
    shareProtocol: shareProtocol
    shareGigabytes: shareGigabytes
    logsId: logs.id
  }
}

module vault 'modules/vault.bicep' = {
  params: {
    name: name
    location: location
    tags: tags
    subnetId: nodes.id
    principalId: identity.properties.principalId
    operatorAddresses: operatorAddresses
    administratorObjectId: administratorObjectId
    administratorType: administratorType
    logsId: logs.id
  }
}

module model 'modules/model.bicep' = if (deployModel) {
  params: {
    name: name
    location: location
    tags: tags
    subnetId: nodes.id
    principalId: identity.properties.principalId
    modelName: modelName
    modelVersion: modelVersion
    capacity: modelCapacity
  }
}

output cluster string = cluster.outputs.name
output registry string = registry.name
output registryServer string = registry.properties.loginServer
output clientId string = identity.properties.clientId
output hubAccount string = storage.outputs.hubAccount
output shareAccount string = storage.outputs.shareAccount
output share string = storage.outputs.share
output vault string = vault.outputs.name
output vaultUri string = vault.outputs.uri
output modelEndpoint string = model.?outputs.endpoint ?? ''
output modelDeployment string = model.?outputs.deployment ?? ''
