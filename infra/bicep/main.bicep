// Everything that AiCoder needs on Azure, in a resource group of its own: a cluster, a registry, the task hub's storage, the share of
// the work trees, a vault, a model, logs, and one identity that reaches them without keys. docs/deployment.md has the commands.
targetScope = 'subscription'

@description('Names the resource group and, with a hash, everything in it.')
@minLength(2)
@maxLength(20)
param environmentName string

@description('Where everything stands; the model too, so that nothing leaves the region but by the model\'s own sku.')
param location string

@description('The object id of the person or group that may administer the cluster and the vault\'s certificates; empty: nobody yet.')
param administratorObjectId string = ''

@description('What the administrator is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param administratorType string = 'User'

@description('CIDRs that may reach the cluster\'s API server and the vault from outside; empty: the API server from anywhere (with Entra ID), the vault from the cluster only.')
param operatorAddresses string[] = []

@description('Kubernetes namespace and service account that the identity trusts: those of the Helm release.')
param kubernetesNamespace string = 'aicoder'
param kubernetesServiceAccount string = 'aicoder'

@description('Size of a node.')
param nodeSize string = 'Standard_D4s_v5'

@description('Nodes the autoscaler keeps at least and takes at most.')
@minValue(1)
param nodesLeast int = 1
@maxValue(100)
param nodesMost int = 5

@description('Free has no uptime promise for the API server; Standard has one.')
@allowed(['Free', 'Standard'])
param clusterTier string = 'Free'

@description('nfs: a premium share without keys, for the cluster\'s subnet only. smb: a standard share, with a key that the kubelet fetches.')
@allowed(['nfs', 'smb'])
param shareProtocol string = 'nfs'

@description('Size of the share of the work trees, in GiB; premium shares are paid by it and begin at 100.')
@minValue(100)
param shareGigabytes int = 100

@description('Whether to make an Azure OpenAI account with a deployment.')
param deployModel bool = true
param modelName string = 'gpt-4.1'
param modelVersion string = '2025-04-14'

@description('In thousands of tokens a minute.')
@minValue(1)
param modelCapacity int = 50

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logDays int = 30

param tags object = {}

var allTags = union({ 'azd-env-name': environmentName, application: 'aicoder' }, tags)

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: allTags
}

module resources 'resources.bicep' = {
  scope: group
  params: {
    name: 'aicoder${uniqueString(subscription().id, environmentName, location)}'
    location: location
    tags: allTags
    administratorObjectId: administratorObjectId
    administratorType: administratorType
    operatorAddresses: operatorAddresses
    kubernetesNamespace: kubernetesNamespace
    kubernetesServiceAccount: kubernetesServiceAccount
    nodeSize: nodeSize
    nodesLeast: nodesLeast
    nodesMost: nodesMost
    clusterTier: clusterTier
    shareProtocol: shareProtocol
    shareGigabytes: shareGigabytes
    deployModel: deployModel
    modelName: modelName
    modelVersion: modelVersion
    modelCapacity: modelCapacity
    logDays: logDays
  }
}

// As environment variables of `azd`, and what deploy.sh reads. None of it is a secret.
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_AKS_CLUSTER_NAME string = resources.outputs.cluster
output AZURE_CONTAINER_REGISTRY_NAME string = resources.outputs.registry
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = resources.outputs.registryServer
output AICODER_CLIENT_ID string = resources.outputs.clientId
output AICODER_STORAGE_ACCOUNT string = resources.outputs.hubAccount
output AICODER_SHARE_ACCOUNT string = resources.outputs.shareAccount
output AICODER_SHARE string = resources.outputs.share
output AICODER_SHARE_PROTOCOL string = shareProtocol
output AICODER_KEY_VAULT string = resources.outputs.vault
output AICODER_KEY_VAULT_URI string = resources.outputs.vaultUri
output AICODER_NAMESPACE string = kubernetesNamespace
output AZURE_OPENAI_ENDPOINT string = resources.outputs.modelEndpoint
output AICODER_MODEL_DEPLOYMENT string = resources.outputs.modelDeployment
