using 'main.bicep'

// azd fills these in; without it, set them in the shell. Other parameters of main.bicep: a line here for each, such as
//   param shareProtocol = 'smb'
//   param operatorAddresses = ['203.0.113.7/32']
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'aicoder')
param location = readEnvironmentVariable('AZURE_LOCATION', 'swedencentral')
param administratorObjectId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param administratorType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', 'User')
