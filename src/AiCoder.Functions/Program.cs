using AiCoder.Core.Agent.Qwen;
using AiCoder.Functions;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;

// Inside a sandbox, for an engine of somebody else's: no start of the app.
if (args is [QwenForwarder.CommandName, ..])
    return await QwenForwarder.RunAsync(args);

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.Services.AddAiCoder();
builder.Build().Run();
return 0;
