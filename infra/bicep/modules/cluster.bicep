@minLength(5)
@maxLength(20)
param name string
param location string
param tags object
param subnetId string
param networkName string
param registryName string
param logsId string
param nodeSize string
param nodesLeast int
param nodesMost int
param tier string
param operatorAddresses string[]
param administratorObjectId string
param administratorType string

var networkContributor = '4d97b98b-1d4f-4787-a291-c67834d212e7'
var registryPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
var containerStreams = ['Microsoft-ContainerLogV2', 'Microsoft-KubeEvents', 'Microsoft-KubePodInventory']
var clusterAdministrator = 'b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b'

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' existing = {
  name: networkName
}

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
  name: registryName
}

// The control plane's: it makes disks and load balancers.
resource controlPlane 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-cluster'
  location: location
  tags: tags
}

resource controlPlaneOnNetwork 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: network
  name: guid(network.id, name, networkContributor)
  properties: {
    principalId: controlPlane.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', networkContributor)
  }
}

resource cluster 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Base', tier: tier }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${controlPlane.id}': {} }
  }
  properties: {
    dnsPrefix: name
    // No certificates that outlive their owner: people come in by Entra ID.
    disableLocalAccounts: true
    enableRBAC: true
    aadProfile: { managed: true, enableAzureRBAC: true }
    apiServerAccessProfile: empty(operatorAddresses) ? null : { authorizedIPRanges: operatorAddresses }
    agentPoolProfiles: [
      {
        name: 'nodes'
        mode: 'System'
        type: 'VirtualMachineScaleSets'
        osType: 'Linux'
        // No AppArmor there, which bubblewrap in a pod would stumble over.
        osSKU: 'AzureLinux'
        vmSize: nodeSize
        vnetSubnetID: subnetId
        count: nodesLeast
        minCount: nodesLeast
        maxCount: nodesMost
        enableAutoScaling: true
        maxPods: 60
        upgradeSettings: { maxSurge: '33%', drainTimeoutInMinutes: 30 }
      }
    ]
    networkProfile: {
      networkPlugin: 'azure'
      networkPluginMode: 'overlay'
      // Enforces the chart's network policies.
      networkPolicy: 'cilium'
      networkDataplane: 'cilium'
      podCidr: '10.244.0.0/16'
      serviceCidr: '10.0.0.0/16'
      dnsServiceIP: '10.0.0.10'
      loadBalancerSku: 'standard'
    }
    oidcIssuerProfile: { enabled: true }
    securityProfile: {
      workloadIdentity: { enabled: true }
      imageCleaner: { enabled: true, intervalHours: 168 }
    }
    workloadAutoScalerProfile: { keda: { enabled: true } }
    storageProfile: {
      diskCSIDriver: { enabled: true }
      fileCSIDriver: { enabled: true }
    }
    addonProfiles: {
      omsagent: {
        enabled: true
        config: { logAnalyticsWorkspaceResourceID: logsId, useAADAuth: 'true' }
      }
    }
    autoUpgradeProfile: { upgradeChannel: 'patch', nodeOSUpgradeChannel: 'NodeImage' }
  }
  dependsOn: [controlPlaneOnNetwork]
}

// Without a rule and its association the addon sends nothing.
resource containerLogs 'Microsoft.Insights/dataCollectionRules@2023-03-11' = {
  name: '${name}-containers'
  location: location
  tags: tags
  kind: 'Linux'
  properties: {
    dataSources: {
      extensions: [
        {
          name: 'ContainerInsightsExtension'
          extensionName: 'ContainerInsights'
          streams: containerStreams
          extensionSettings: { dataCollectionSettings: { interval: '1m', namespaceFilteringMode: 'Off', enableContainerLogV2: true } }
        }
      ]
    }
    destinations: { logAnalytics: [{ name: 'logs', workspaceResourceId: logsId }] }
    dataFlows: [{ streams: containerStreams, destinations: ['logs'] }]
  }
}

resource containerLogsOfCluster 'Microsoft.Insights/dataCollectionRuleAssociations@2023-03-11' = {
  scope: cluster
  name: 'ContainerInsightsExtension'
  properties: { dataCollectionRuleId: containerLogs.id }
}

var kubelet = cluster.properties.identityProfile.kubeletidentity.objectId

resource kubeletOnRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: registry
  name: guid(registry.id, name, registryPull)
  properties: {
    principalId: kubelet
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', registryPull)
  }
}

resource administratorOnCluster 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(administratorObjectId)) {
  scope: cluster
  name: guid(cluster.id, administratorObjectId, clusterAdministrator)
  properties: {
    principalId: administratorObjectId
    principalType: administratorType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', clusterAdministrator)
  }
}

output name string = cluster.name
output issuer string = cluster.properties.oidcIssuerProfile.issuerURL
output kubeletPrincipalId string = kubelet
