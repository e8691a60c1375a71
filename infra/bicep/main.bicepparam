using 'main.bicep'

// azd fills these in; without it, set them in the shell.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'aicoder')
param location = readEnvironmentVariable('AZURE_LOCATION', 'swedencentral')
param administratorObjectId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
